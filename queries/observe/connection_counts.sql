-- Client backends of the whole server by state and by what they wait for, with who they are.
-- returns: ConnectionCount
-- since: 14
SELECT a.datname = current_database() AS is_here,
       CASE
         WHEN a.query = '<insufficient privilege>' THEN 'hidden'
         ELSE coalesce(a.state, 'starting')
       END AS state,
       coalesce(a.wait_event_type || ':' || a.wait_event, '') AS wait,
       array_agg(a.pid ORDER BY a.pid) AS pids
  FROM pg_stat_activity a
 WHERE a.datname IS NOT NULL
   AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usename IS NOT NULL))
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
