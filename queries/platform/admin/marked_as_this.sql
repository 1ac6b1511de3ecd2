-- Whether the marker names this very server and this very database.
SELECT EXISTS (
         SELECT
           FROM slotfill_marker m
          WHERE m.system_identifier = (SELECT c.system_identifier::text FROM pg_control_system() c)
            AND m.database = current_database()
       ) AS marked
