-- Date, times and the restaurant's time zone decide a booking's instants; what the writer sent for them is overwritten.
CREATE OR REPLACE FUNCTION bookings_set_instants() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_timezone text;
BEGIN
    SELECT r.timezone INTO v_timezone FROM restaurants r WHERE r.id = NEW.restaurant_id;
    -- No restaurant, no instants: the foreign key tells the writer.
    NEW.start_at := (NEW.booking_date + NEW.start_time) AT TIME ZONE v_timezone;
    NEW.end_at := (NEW.booking_date + NEW.end_time) AT TIME ZONE v_timezone;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER bookings_set_instants
    BEFORE INSERT OR UPDATE OF restaurant_id, booking_date, start_time, end_time, start_at, end_at ON bookings
    FOR EACH ROW EXECUTE FUNCTION bookings_set_instants();
