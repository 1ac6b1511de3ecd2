-- A blank reference becomes ten characters that nobody misreads: no 0, O, 1 or I.
CREATE OR REPLACE FUNCTION bookings_set_reference() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_random bytea;
BEGIN
    LOOP
        v_random := uuid_send(gen_random_uuid());
        -- Byte 6 of a uuid carries its version, not chance.
        SELECT string_agg(substr('ABCDEFGHJKLMNPQRSTUVWXYZ23456789', 1 + (get_byte(v_random, n) & 31), 1), '')
          INTO NEW.reference
          FROM unnest(ARRAY[0, 1, 2, 3, 4, 5, 7, 9, 10, 11]) AS n;
        EXIT WHEN NOT EXISTS (SELECT FROM bookings b WHERE b.reference = NEW.reference);
    END LOOP;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER bookings_set_reference
    BEFORE INSERT ON bookings
    FOR EACH ROW WHEN (NEW.reference IS NULL OR btrim(NEW.reference) = '')
    EXECUTE FUNCTION bookings_set_reference();
