-- End the backend of a connection that its worker gave up: it may still wait for a lock, hold others, and block the
-- worker's own undo. Only one of the same name, role and database is ended; half a second is waited for its end.
-- params: $1 pid int
-- returns: Signalled
-- since: 14
SELECT pg_terminate_backend(a.pid, 500) AS sent
  FROM pg_stat_activity a
 WHERE a.pid = $1::int
   AND a.pid <> pg_backend_pid()
   AND a.datname = current_database()
   AND a.usename = current_user
   AND a.application_name = current_setting('application_name')
