-- Terminate one backend, if it is still the process and the query that were looked at.
-- params: $1 pid int, $2 backend_start timestamptz, $3 query_start timestamptz
-- returns: Signalled
SELECT pg_terminate_backend(a.pid) AS sent
  FROM pg_stat_activity a
 WHERE a.pid = $1::int
   AND a.backend_start = $2::timestamptz
   AND a.query_start IS NOT DISTINCT FROM $3::timestamptz
