-- Where this server is, by its own word: the address at its end, its process for this connection, and the database.
-- returns: Whereabouts
-- since: 14
SELECT coalesce(host(inet_server_addr()), '') AS address,
       pg_backend_pid() AS pid,
       current_database()::text AS database
