-- The id of a slot, made with 999 / 0 when it is new.
CREATE FUNCTION get_or_create_booking_slot(
    p_restaurant_id uuid,
    p_slot_date date,
    p_slot_time time,
    p_default_capacity integer DEFAULT 999
) RETURNS uuid
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_slot uuid;
BEGIN
    INSERT INTO booking_slots (restaurant_id, slot_date, slot_time, available_capacity, reserved_count)
    VALUES (p_restaurant_id, p_slot_date, p_slot_time, p_default_capacity, 0)
    ON CONFLICT (restaurant_id, slot_date, slot_time) DO NOTHING;
    SELECT s.id INTO v_slot
      FROM booking_slots s
     WHERE s.restaurant_id = p_restaurant_id AND s.slot_date = p_slot_date AND s.slot_time = p_slot_time;
    RETURN v_slot;
END
$$;
