-- Marks this very database on this very server as one that slotfill may write to.
INSERT INTO slotfill_marker (system_identifier, template, database)
SELECT c.system_identifier::text, 'db init', current_database()
  FROM pg_control_system() c
    ON CONFLICT (system_identifier) DO UPDATE SET database = excluded.database
