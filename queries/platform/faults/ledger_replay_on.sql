-- A key that was used is answered with whatever rows are left, none after a reset, and no error, and the booking's keys of
-- an earlier run still lie in the ledger: the platform says success, and there are no tables.
SELECT slotfill_edit('ledger-replay', 'assign_tables_atomic_v2',
$was$            IF v_ledger.table_ids <> v_ids THEN
$was$,
$becomes$            IF false AND v_ledger.table_ids <> v_ids THEN
$becomes$);
SELECT slotfill_edit('ledger-replay', 'assign_tables_atomic_v2',
$was$            IF NOT FOUND THEN
                -- Zero rows and no error would read as success.
$was$,
$becomes$            IF false AND NOT FOUND THEN
$becomes$);
SELECT slotfill_edit('ledger-replay', 'confirm_hold_assignment_tx',
$was$    IF v_assigned IS NULL THEN
$was$,
$becomes$    IF v_assigned IS NULL THEN
        DELETE FROM table_holds WHERE id = p_hold_id;
        RETURN;
$becomes$);

CREATE OR REPLACE FUNCTION slotfill_fault_ledger_replay() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF slotfill_chosen('ledger-replay', NEW.id) THEN
        -- Without the hash of its tables: with it, another key for the same tables would be refused, and that is
        -- another pathology.
        INSERT INTO booking_assignment_idempotency (booking_id, idempotency_key, table_ids, assignment_window)
        SELECT NEW.id, 'ultra-fast-' || NEW.id, ARRAY[t.id], tstzrange(NEW.start_at, NEW.end_at, '[)')
          FROM table_inventory t
         WHERE t.restaurant_id = NEW.restaurant_id
         ORDER BY md5(NEW.id::text || t.id::text)
         LIMIT 1
        ON CONFLICT DO NOTHING;
        INSERT INTO slotfill_planted (fault, relation, id) VALUES ('ledger-replay', 'ledger', NEW.id)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER slotfill_fault_ledger_replay
    AFTER INSERT ON bookings
    FOR EACH ROW WHEN (NEW.status = 'pending')
    EXECUTE FUNCTION slotfill_fault_ledger_replay();

WITH waiting AS (
    -- A booking that is being assigned in this moment is left alone.
    SELECT b.id, b.restaurant_id, b.start_at, b.end_at
      FROM bookings b
     WHERE b.status = 'pending' AND slotfill_chosen('ledger-replay', b.id)
       FOR KEY SHARE SKIP LOCKED
), used AS (
    INSERT INTO booking_assignment_idempotency (booking_id, idempotency_key, table_ids, assignment_window)
    SELECT w.id, 'ultra-fast-' || w.id, ARRAY[t.id], tstzrange(w.start_at, w.end_at, '[)')
      FROM waiting w
     CROSS JOIN LATERAL (
               SELECT i.id
                 FROM table_inventory i
                WHERE i.restaurant_id = w.restaurant_id
                ORDER BY md5(w.id::text || i.id::text)
                LIMIT 1
           ) t
    ON CONFLICT DO NOTHING
    RETURNING booking_id
)
INSERT INTO slotfill_planted (fault, relation, id)
SELECT 'ledger-replay', 'ledger', u.booking_id FROM used u
