-- Who asks, what this role may see and do on the server, and what server it is. `to_regrole` as old servers lack a role.
-- returns: Rights
-- since: 14
SELECT current_user::text AS role,
       pg_has_role(current_user, 'pg_monitor', 'USAGE') AS is_monitor,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS reads_all_stats,
       pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS reads_all_settings,
       pg_has_role(current_user, 'pg_signal_backend', 'USAGE') AS may_signal,
       to_regprocedure('pg_stat_statements(boolean)') IS NOT NULL AS has_statements,
       current_setting('server_version') AS server_version,
       (extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) * 1000000000)::bigint AS up_ns,
       current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int
       + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
       pg_is_in_recovery() AS is_replica
