-- Client backends of this database. 264 characters of each query, without the comments it begins with: the screen
-- shows 200, and an address that lies across the cut must be whole when it is masked.
-- What an idle one asked last is not shown: cutting 64 comments off would be half of what this look costs.
-- A role without pg_read_all_stats sees no state, type or query of other roles; such a row counts as a client's.
-- returns: ActivityRow
-- since: 14
SELECT a.pid AS pid,
       coalesce(a.application_name, '') AS application_name,
       CASE
         WHEN a.query = '<insufficient privilege>' THEN 'hidden'
         ELSE coalesce(a.state, 'starting')
       END AS state,
       coalesce(a.wait_event_type || ':' || a.wait_event, '') AS wait,
       greatest(0, extract(epoch FROM clock_timestamp() - a.query_start) * 1000000000)::bigint AS age_ns,
       greatest(0, extract(epoch FROM clock_timestamp() - a.xact_start) * 1000000000)::bigint AS transaction_age_ns,
       CASE
         WHEN a.query = '<insufficient privilege>' OR a.state = 'idle' THEN ''
         ELSE coalesce(left(regexp_replace(a.query, '^(\s*--[^\n]*\n)+', ''), 264), '')
       END AS query
  FROM pg_stat_activity a
 WHERE a.datname = current_database()
   AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usename IS NOT NULL))
 ORDER BY a.query_start NULLS LAST, a.pid
