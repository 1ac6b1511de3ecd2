-- Taking a booking's tables back leaves its zone lock, and a share of the pending bookings has one already, of any zone
-- of its restaurant, as resets and reconciliations left them.
SELECT slotfill_edit('sticky-zone-lock', 'unassign_tables_atomic',
$was$     WHERE b.id = p_booking_id
       AND b.assigned_zone_id IS NOT NULL
$was$,
$becomes$     WHERE false
       AND b.id = p_booking_id
       AND b.assigned_zone_id IS NOT NULL
$becomes$);

CREATE OR REPLACE FUNCTION slotfill_fault_sticky_zone_lock() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF slotfill_chosen('sticky-zone-lock', NEW.id) THEN
        SELECT z.id INTO NEW.assigned_zone_id
          FROM zones z
         WHERE z.restaurant_id = NEW.restaurant_id
         ORDER BY md5(NEW.id::text || z.id::text)
         LIMIT 1;
        INSERT INTO slotfill_planted (fault, relation, id) VALUES ('sticky-zone-lock', 'bookings.zone', NEW.id)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER slotfill_fault_sticky_zone_lock
    BEFORE INSERT ON bookings
    FOR EACH ROW WHEN (NEW.status = 'pending' AND NEW.assigned_zone_id IS NULL)
    EXECUTE FUNCTION slotfill_fault_sticky_zone_lock();

WITH waiting AS (
    -- A booking that is being assigned in this moment is left alone.
    SELECT b.id, b.restaurant_id
      FROM bookings b
     WHERE b.status = 'pending'
       AND b.assigned_zone_id IS NULL
       AND slotfill_chosen('sticky-zone-lock', b.id)
       FOR NO KEY UPDATE SKIP LOCKED
), locked AS (
    UPDATE bookings b
       SET assigned_zone_id = (SELECT z.id
                                 FROM zones z
                                WHERE z.restaurant_id = w.restaurant_id
                                ORDER BY md5(w.id::text || z.id::text)
                                LIMIT 1)
      FROM waiting w
     WHERE b.id = w.id
    RETURNING b.id
)
INSERT INTO slotfill_planted (fault, relation, id)
SELECT 'sticky-zone-lock', 'bookings.zone', l.id FROM locked l
