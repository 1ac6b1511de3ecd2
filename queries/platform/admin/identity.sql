-- Where this database says it was made, and where it is.
-- returns: Identity
SELECT m.system_identifier AS made_on,
       (SELECT c.system_identifier::text FROM pg_control_system() c) AS server,
       current_setting('data_directory') AS data,
       inet_server_addr() IS NULL AS over_socket
  FROM slotfill_marker m
