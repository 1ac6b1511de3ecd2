-- Cancel the query of one backend of this database, if it still runs what the operator saw.
-- params: $1 pid int, $2 query text
-- returns: Signalled
SELECT pg_cancel_backend(a.pid) AS sent
  FROM pg_stat_activity a
 WHERE a.pid = $1::int
   AND a.datname = current_database()
   AND starts_with(a.query, $2::text)
