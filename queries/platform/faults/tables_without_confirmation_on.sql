-- At COMMIT a share of the newly confirmed bookings goes back to pending and keeps its tables, as when assigning and
-- confirming were two steps and the second failed.
CREATE OR REPLACE FUNCTION slotfill_fault_tables_without_confirmation() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF slotfill_chosen('tables-without-confirmation', NEW.id) THEN
        UPDATE bookings b SET status = 'pending' WHERE b.id = NEW.id AND b.status = 'confirmed';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER slotfill_fault_tables_without_confirmation
    AFTER UPDATE OF status ON bookings
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'confirmed' AND OLD.status <> 'confirmed')
    EXECUTE FUNCTION slotfill_fault_tables_without_confirmation();
