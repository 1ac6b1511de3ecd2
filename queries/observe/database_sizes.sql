-- All databases of the server. Their sizes walk their files, so they are asked for seldom; those of databases that this
-- role may not connect to only a role with pg_read_all_stats is told.
-- returns: DatabaseSize
-- since: 14
SELECT d.datname::text AS name,
       CASE
         WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
           THEN pg_database_size(d.oid)
       END AS size,
       coalesce(s.numbackends, 0) AS connections,
       coalesce(s.xact_commit, 0) AS commits,
       coalesce(s.xact_rollback, 0) AS rollbacks,
       coalesce(s.deadlocks, 0) AS deadlocks,
       coalesce(s.temp_bytes, 0) AS temp_bytes,
       d.datname = current_database() AS is_here
  FROM pg_database d
  LEFT JOIN pg_stat_database s ON s.datid = d.oid
 WHERE d.datallowconn
 ORDER BY 8 DESC, 2 DESC NULLS LAST, 1
 LIMIT 200
