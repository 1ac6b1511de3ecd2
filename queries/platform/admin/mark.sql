-- Writes on which server this database was made, and from which SQL.
-- params: $1 template text
INSERT INTO slotfill_marker (system_identifier, template)
SELECT c.system_identifier::text, $1::text
  FROM pg_control_system() c
