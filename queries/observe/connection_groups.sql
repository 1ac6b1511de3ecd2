-- Client connections of the whole server, those alike counted together; the run's own database first.
-- returns: ConnectionGroup
-- since: 14
SELECT coalesce(a.datname::text, '') AS database,
       coalesce(a.application_name, '') AS application,
       coalesce(a.usename::text, '') AS role,
       CASE
         WHEN a.query = '<insufficient privilege>' THEN 'hidden'
         ELSE coalesce(a.state, 'starting')
       END AS state,
       count(*)::int AS count,
       coalesce(a.datname = current_database(), false) AS is_here
  FROM pg_stat_activity a
 WHERE a.pid <> pg_backend_pid()
   AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usename IS NOT NULL))
 GROUP BY 1, 2, 3, 4, 6
 ORDER BY 6 DESC, 5 DESC, 1, 2, 4
 LIMIT 300
