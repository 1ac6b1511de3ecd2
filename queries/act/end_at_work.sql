-- End the backends that transactions are still at work in, whose clients are gone. Only those of this database and our role.
-- params: $1 transactions bigint[]
-- returns: Signalled
-- since: 14
SELECT pg_terminate_backend(a.pid) AS sent
  FROM unnest($1::bigint[]) AS x (id)
  JOIN pg_stat_activity a ON a.backend_xid = x.id::text::xid8::xid
 WHERE a.pid <> pg_backend_pid()
   AND a.datname = current_database()
   AND a.usename = current_user
