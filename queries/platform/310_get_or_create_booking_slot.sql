-- The id of a slot, made when it is new. Looks before it inserts, so that a known slot costs no lock.
CREATE OR REPLACE FUNCTION get_or_create_booking_slot(
    p_restaurant_id uuid,
    p_slot_date date,
    p_slot_time time,
    p_default_capacity integer DEFAULT 999
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    v_slot_id uuid;
BEGIN
    LOOP
        SELECT s.id INTO v_slot_id
          FROM booking_slots s
         WHERE s.restaurant_id = p_restaurant_id AND s.slot_date = p_slot_date AND s.slot_time = p_slot_time;
        IF v_slot_id IS NOT NULL THEN
            RETURN v_slot_id;
        END IF;
        INSERT INTO booking_slots (restaurant_id, slot_date, slot_time, available_capacity)
        VALUES (p_restaurant_id, p_slot_date, p_slot_time, p_default_capacity)
        ON CONFLICT (restaurant_id, slot_date, slot_time) DO NOTHING
        RETURNING id INTO v_slot_id;
        IF v_slot_id IS NOT NULL THEN
            RETURN v_slot_id;
        END IF;
        -- Somebody else made it meanwhile and has committed: the next look sees it.
    END LOOP;
END
$$;
