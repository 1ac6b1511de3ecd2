-- The server, the role, and how sessions begin.
-- returns: ServerRow
SELECT current_setting('server_version_num')::int AS version_num,
       current_setting('server_version') AS version,
       current_database()::text AS database,
       current_user::text AS role,
       (r.rolsuper OR r.rolbypassrls) AS passes_row_security,
       pg_is_in_recovery() AS is_standby,
       current_setting('default_transaction_read_only')::boolean AS read_only,
       pg_backend_pid() AS pid,
       (SELECT split_part(told.line, '=', 2)
          FROM pg_db_role_setting s
          LEFT JOIN pg_database d ON d.oid = s.setdatabase
         CROSS JOIN LATERAL unnest(s.setconfig) AS told (line)
         WHERE (s.setdatabase = 0 OR d.datname = current_database())
           AND (s.setrole = 0 OR s.setrole = r.oid)
           AND told.line ILIKE 'timezone=%'
         ORDER BY s.setrole DESC, s.setdatabase DESC
         LIMIT 1) AS default_time_zone
  FROM pg_roles r
 WHERE r.rolname = current_user
