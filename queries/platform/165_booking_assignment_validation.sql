-- A booking is not confirmed without a table. An INSERT as confirmed passes, as on the platform.
CREATE OR REPLACE FUNCTION booking_assignment_validation() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = NEW.id) THEN
        RAISE EXCEPTION 'Cannot confirm booking %: No table assignments exist. '
            'Booking must have at least one table assigned before confirmation.', NEW.id
            USING ERRCODE = 'P0001';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER booking_assignment_validation
    BEFORE UPDATE OF status ON bookings
    FOR EACH ROW WHEN (NEW.status = 'confirmed' AND OLD.status <> 'confirmed')
    EXECUTE FUNCTION booking_assignment_validation();
