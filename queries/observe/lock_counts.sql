-- Locks of this database's backends by type and mode, without those this look takes itself.
-- returns: LockCount
-- since: 14
SELECT l.locktype AS locktype,
       l.mode AS mode,
       (count(*) FILTER (WHERE l.granted))::int AS granted,
       (count(*) FILTER (WHERE NOT l.granted))::int AS waiting
  FROM pg_locks l
  JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE a.datname = current_database()
   AND l.pid <> pg_backend_pid()
 GROUP BY l.locktype, l.mode
 ORDER BY 4 DESC, 3 DESC, 1, 2
