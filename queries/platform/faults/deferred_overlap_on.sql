-- A rule that is asked at COMMIT only: after each sitting a table rests for some minutes. Sittings that follow one another
-- at once are assigned and confirmed, and COMMIT is refused. Rows from before are not asked: they may break the rule.
CREATE OR REPLACE FUNCTION slotfill_sitting(p_start timestamptz, p_end timestamptz, p_rest interval) RETURNS tstzrange
LANGUAGE sql IMMUTABLE AS $$
    -- Minutes mean the same in every time zone, so this is as immutable as an index needs it.
    SELECT tstzrange(p_start, p_end + p_rest, '[)')
$$;
DO $do$
DECLARE
    v_rest interval;
BEGIN
    SELECT make_interval(mins => f.value::integer) INTO v_rest FROM slotfill_faults f WHERE f.name = 'deferred-overlap';
    EXECUTE format(
        'ALTER TABLE booking_table_assignments ADD CONSTRAINT slotfill_turnaround'
        ' EXCLUDE USING gist (table_id WITH =, slotfill_sitting(start_at, end_at, %L::interval) WITH &&)'
        ' WHERE (start_at IS NOT NULL AND end_at IS NOT NULL AND assigned_at >= %L::timestamptz)'
        ' DEFERRABLE INITIALLY DEFERRED', v_rest, clock_timestamp());
END
$do$;
