-- No table touches any other. The pairs are kept aside.
CREATE TABLE slotfill_adjacencies_aside (LIKE table_adjacencies);
WITH gone AS (
    DELETE FROM table_adjacencies RETURNING *
)
INSERT INTO slotfill_adjacencies_aside SELECT * FROM gone;
