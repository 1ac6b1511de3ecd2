-- How many rows each table of the platform's schema has, its strangers' too: whatever a deletion drags along shows here.
-- ts_stat is the one function of every server that runs a statement given as text, so that tables may be called anything.
-- returns: RowCount
-- since: 15
SELECT c.relname::text AS table_name,
       (SELECT w.word
          FROM ts_stat(format('SELECT array_to_tsvector(ARRAY[count(*)::text]) FROM %I.%I', n.nspname, c.relname)) AS w
       )::bigint AS count,
       row_security_active(c.oid) AS row_security
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relnamespace = (SELECT b.relnamespace FROM pg_class b WHERE b.oid = to_regclass('bookings'))
   AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition
   AND has_table_privilege(c.oid, 'SELECT')
 ORDER BY c.relname
