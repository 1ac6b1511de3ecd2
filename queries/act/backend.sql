-- What one backend of this database runs now, as the console's list shows it: nothing where it is idle.
-- params: $1 pid int
-- returns: BackendRow
SELECT a.pid AS pid,
       a.backend_start AS backend_start,
       a.query_start AS query_start,
       CASE
         WHEN a.state = 'idle' THEN ''
         ELSE coalesce(regexp_replace(a.query, '^(\s*--[^\n]*\n)+', ''), '')
       END AS query
  FROM pg_stat_activity a
 WHERE a.pid = $1::int
   AND a.datname = current_database()
   AND a.pid <> pg_backend_pid()
