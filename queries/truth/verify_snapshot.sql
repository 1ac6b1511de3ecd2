-- The moment that `verify` looks at, and whether it is one that proves anything. The transaction that made a database is
-- kept as 32 bits: it is given its epoch by the newest transaction there is.
-- returns: VerifySnapshot
-- since: 14
SELECT clock_timestamp() AS at,
       current_database()::text AS database,
       pg_is_in_recovery() AS in_recovery,
       coalesce(row_security_active(to_regclass('bookings')), false)
         OR coalesce(row_security_active(to_regclass('booking_table_assignments')), false) AS secured,
       n.newest - (n.newest - d.xmin::text::bigint) % 4294967296 AS made,
       has_function_privilege('pg_stat_file(text, boolean)', 'EXECUTE') AS tells_files
  FROM pg_database d
 CROSS JOIN LATERAL (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS n (newest)
 WHERE d.datname = current_database()
