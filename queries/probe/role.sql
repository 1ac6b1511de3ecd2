-- The role one is connected as: what it may, and limits on connections that are narrower than the server's.
-- returns: RoleRow
-- since: 14
SELECT r.rolsuper AS is_superuser,
       r.rolcreatedb AS creates_databases,
       pg_has_role(current_user, 'pg_monitor', 'USAGE') AS is_monitor,
       CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit END AS role_limit,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid AND a.datname IS NOT NULL)::int AS role_used,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END AS database_limit,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)::int AS database_used,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.state LIKE 'idle in transaction%')::int AS idle_in_transaction
  FROM pg_roles r
  JOIN pg_database d ON d.datname = current_database()
 WHERE r.rolname = current_user
