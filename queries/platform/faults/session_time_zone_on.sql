-- "Now" is made by stripping the zone from UTC and reading what is left in the session's zone: west of Greenwich it is hours
-- ahead, and live holds look expired. The sessions' zone is the engine's to set.
SELECT slotfill_edit('session-time-zone', 'assign_tables_atomic_v2',
$was$       AND w.expires_at > clock_timestamp()
$was$,
$becomes$       AND w.expires_at > (clock_timestamp() AT TIME ZONE 'UTC')::timestamptz
$becomes$);
SELECT slotfill_edit('session-time-zone', 'confirm_hold_assignment_tx',
$was$    IF v_hold.expires_at <= clock_timestamp() THEN
$was$,
$becomes$    IF v_hold.expires_at <= (clock_timestamp() AT TIME ZONE 'UTC')::timestamptz THEN
$becomes$);
