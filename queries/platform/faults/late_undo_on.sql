-- Whoever makes a hold undoes, besides, a share of the bookings that were confirmed some time ago. The rows are deleted
-- directly and bookings somebody works on are passed over: no hold waits for anybody because of it.
CREATE OR REPLACE FUNCTION slotfill_fault_late_undo() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(u.id)
      INTO v_ids
      FROM (SELECT b.id
              FROM bookings b
              JOIN slotfill_faults f ON f.name = 'late-undo'
             WHERE b.status = 'confirmed'
               AND b.updated_at < clock_timestamp() - make_interval(secs => f.value::double precision / 1000)
               -- Whoever was spared is looked at for ten seconds more: all of them would make every hold slower.
               AND b.updated_at > clock_timestamp() - make_interval(secs => f.value::double precision / 1000 + 10)
               AND slotfill_draw(f.name, f.seed, b.id) < 0.3
               FOR NO KEY UPDATE OF b SKIP LOCKED) u;
    IF v_ids IS NOT NULL THEN
        DELETE FROM booking_table_assignments a WHERE a.booking_id = ANY (v_ids);
        DELETE FROM allocations a WHERE a.booking_id = ANY (v_ids);
        UPDATE bookings b
           SET status = 'pending', assigned_zone_id = NULL, updated_at = now()
         WHERE b.id = ANY (v_ids);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER slotfill_fault_late_undo
    AFTER INSERT ON table_holds
    FOR EACH STATEMENT EXECUTE FUNCTION slotfill_fault_late_undo();
