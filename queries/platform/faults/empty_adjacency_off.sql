-- The pairs that were kept aside come back.
DO $do$
BEGIN
    IF to_regclass('slotfill_adjacencies_aside') IS NOT NULL THEN
        INSERT INTO table_adjacencies SELECT * FROM slotfill_adjacencies_aside ON CONFLICT DO NOTHING;
        DROP TABLE slotfill_adjacencies_aside;
    END IF;
END
$do$;
SELECT slotfill_off('empty-adjacency');
