-- What server this is and what this role may see on it; read once for each connection.
-- returns: ServerFacts
-- since: 14
SELECT current_setting('server_version') AS server_version,
       current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int
       + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
       pg_has_role(current_user, 'pg_monitor', 'USAGE') AS is_monitor,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS reads_all_stats,
       to_regprocedure('pg_stat_statements(boolean)') IS NOT NULL AS has_statements
