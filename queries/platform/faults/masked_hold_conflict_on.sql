-- Whether somebody holds a table is asked for the whole day, and the refusal is told with a format that Postgres does not
-- know: callers see 22023 and not the hold. Holds lie on a share of the tables before opening hours, where no planner
-- looks.
SELECT slotfill_edit('masked-hold-conflict', 'assign_tables_atomic_v2',
$was$       AND w.hold_window && v_window
$was$,
$becomes$       AND w.hold_window && (SELECT tstzrange(v_booking.booking_date::timestamp AT TIME ZONE r.timezone,
                                              (v_booking.booking_date + 1)::timestamp AT TIME ZONE r.timezone)
                                FROM restaurants r
                               WHERE r.id = v_booking.restaurant_id)
$becomes$);
SELECT slotfill_edit('masked-hold-conflict', 'assign_tables_atomic_v2',
$was$format('Table %s is held by %s until %s',
$was$,
$becomes$format('Table %s is held by %s until %d',
$becomes$);

DO $do$
DECLARE
    v_table record;
BEGIN
    FOR v_table IN
        SELECT t.table_id, t.early
          FROM (SELECT s.table_id, tstzrange(lower(s.whole_day) + interval '6 hours', lower(s.whole_day) + interval '7 hours') AS early
                  FROM slotfill_tables('masked-hold-conflict') s) t
         WHERE NOT EXISTS (SELECT FROM table_hold_windows w WHERE w.table_id = t.table_id AND w.hold_window && t.early)
         ORDER BY t.table_id
    LOOP
        -- Alive for longer than any run.
        PERFORM slotfill_hold('masked-hold-conflict', v_table.table_id, v_table.early, now() + interval '7 days', now());
    END LOOP;
END
$do$;
