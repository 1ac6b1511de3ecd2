-- The largest tables of this database, with what belongs to them.
-- returns: TableSize
-- since: 14
SELECT c.oid::regclass::text AS "table",
       pg_total_relation_size(c.oid) AS size,
       pg_indexes_size(c.oid) AS indexes,
       coalesce(s.n_live_tup, greatest(c.reltuples, 0)::bigint) AS rows,
       coalesce(s.n_dead_tup, 0) AS dead
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 WHERE c.relkind IN ('r', 'm')
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND n.nspname NOT LIKE 'pg\_toast%'
 ORDER BY 2 DESC, 1
 LIMIT 25
