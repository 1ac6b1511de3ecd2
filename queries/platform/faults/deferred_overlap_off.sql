-- Tables need no rest.
DO $do$
BEGIN
    -- ALTER TABLE locks the table even where there is nothing to drop.
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.conname = 'slotfill_turnaround') THEN
        ALTER TABLE booking_table_assignments DROP CONSTRAINT slotfill_turnaround;
    END IF;
END
$do$;
DROP FUNCTION IF EXISTS slotfill_sitting(timestamptz, timestamptz, interval);
SELECT slotfill_off('deferred-overlap');
