-- At COMMIT, when the client has its rows and waits for nothing but the word, a share of the newly confirmed bookings
-- loses its tables.
CREATE OR REPLACE FUNCTION slotfill_fault_confirmed_without_tables() RETURNS trigger
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF slotfill_chosen('confirmed-without-tables', NEW.id) THEN
        DELETE FROM booking_table_assignments a WHERE a.booking_id = NEW.id;
        DELETE FROM allocations a WHERE a.booking_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER slotfill_fault_confirmed_without_tables
    AFTER UPDATE OF status ON bookings
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'confirmed' AND OLD.status <> 'confirmed')
    EXECUTE FUNCTION slotfill_fault_confirmed_without_tables();
