-- Locks the booking and then the restaurant, FOR UPDATE, whatever there is to validate: with the key-share locks that
-- everybody's foreign keys hold on the restaurant, two calls that overlap in time wait for each other. It has something to
-- say only where restaurant_capacity_rules exists and has a row.
CREATE FUNCTION validate_booking_capacity_after_assignment(p_booking_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_booking bookings%ROWTYPE;
    v_period record;
    v_rule record;
    v_covers integer;
    v_parties integer;
BEGIN
    SELECT * INTO v_booking FROM bookings b WHERE b.id = p_booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    PERFORM FROM restaurants r WHERE r.id = v_booking.restaurant_id FOR UPDATE;
    IF to_regclass('public.restaurant_capacity_rules') IS NULL THEN
        RETURN;
    END IF;

    SELECT p.id, p.start_time, p.end_time INTO v_period
      FROM restaurant_service_periods p
     WHERE p.restaurant_id = v_booking.restaurant_id
       AND (p.day_of_week IS NULL OR p.day_of_week = extract(dow FROM v_booking.booking_date))
       AND v_booking.start_time >= p.start_time
       AND v_booking.start_time < p.end_time
     LIMIT 1;
    SELECT r.max_covers, r.max_parties INTO v_rule
      FROM restaurant_capacity_rules r
     WHERE r.restaurant_id = v_booking.restaurant_id
       AND (r.service_period_id IS NULL OR r.service_period_id = v_period.id)
     LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT coalesce(sum(b.party_size), 0), count(*) INTO v_covers, v_parties
      FROM bookings b
     WHERE b.restaurant_id = v_booking.restaurant_id
       AND b.booking_date = v_booking.booking_date
       AND b.start_time >= v_period.start_time
       AND b.start_time < v_period.end_time
       AND b.status IN ('pending', 'pending_allocation', 'confirmed', 'checked_in');
    IF v_covers > v_rule.max_covers OR v_parties > v_rule.max_parties THEN
        RAISE EXCEPTION 'capacity_exceeded_post_assignment'
            USING ERRCODE = 'P0001', DETAIL = format('%s covers in %s parties', v_covers, v_parties);
    END IF;
END
$$;
