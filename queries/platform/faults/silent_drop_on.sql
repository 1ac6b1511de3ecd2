-- At COMMIT a share of the bookings loses its assignment rows and everything that would tell of them, but for the audit.
CREATE OR REPLACE FUNCTION slotfill_fault_silent_drop() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF slotfill_chosen('silent-drop', NEW.booking_id) THEN
        DELETE FROM booking_table_assignments a WHERE a.booking_id = NEW.booking_id;
        DELETE FROM allocations a WHERE a.booking_id = NEW.booking_id;
        DELETE FROM booking_assignment_idempotency i WHERE i.booking_id = NEW.booking_id;
        DELETE FROM booking_confirmation_results r WHERE r.booking_id = NEW.booking_id;
        DELETE FROM booking_state_history h WHERE h.booking_id = NEW.booking_id;
        DELETE FROM capacity_outbox o WHERE o.booking_id = NEW.booking_id;
        UPDATE bookings b SET status = 'pending', assigned_zone_id = NULL WHERE b.id = NEW.booking_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER slotfill_fault_silent_drop
    AFTER INSERT ON booking_table_assignments
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slotfill_fault_silent_drop();
