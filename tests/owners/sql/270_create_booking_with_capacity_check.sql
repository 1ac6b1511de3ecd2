-- Makes a booking, confirmed at once, if a table and an enum that were dropped long ago happen to be there; else every call
-- answers INTERNAL_ERROR. Days are compared by ISO numbers with data in which Sunday is 0.
CREATE FUNCTION create_booking_with_capacity_check(
    p_restaurant_id uuid,
    p_customer_id uuid,
    p_booking_date date,
    p_start_time time,
    p_end_time time,
    p_party_size integer,
    p_booking_type text,
    p_customer_name text,
    p_customer_email text,
    p_customer_phone text,
    p_seating_preference text,
    p_notes text DEFAULT NULL,
    p_marketing_opt_in boolean DEFAULT false,
    p_idempotency_key text DEFAULT NULL,
    p_source text DEFAULT 'api',
    p_auth_user_id uuid DEFAULT NULL,
    p_client_request_id text DEFAULT NULL,
    p_details jsonb DEFAULT '{}',
    p_loyalty_points_awarded integer DEFAULT 0
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_rule record;
    v_hours record;
    v_booking bookings%ROWTYPE;
    v_covers integer;
BEGIN
    SELECT r.max_covers, r.max_parties INTO v_rule
      FROM restaurant_capacity_rules r
     WHERE r.restaurant_id = p_restaurant_id
     LIMIT 1
       FOR UPDATE NOWAIT;

    IF p_idempotency_key IS NOT NULL THEN
        SELECT * INTO v_booking
          FROM bookings b
         WHERE b.restaurant_id = p_restaurant_id AND b.idempotency_key = p_idempotency_key
         LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('success', true, 'duplicate', true, 'booking', to_jsonb(v_booking));
        END IF;
    END IF;

    SELECT h.opens_at, h.closes_at, h.is_closed INTO v_hours
      FROM restaurant_operating_hours h
     WHERE h.restaurant_id = p_restaurant_id
       AND (h.effective_date = p_booking_date
            OR (h.effective_date IS NULL AND h.day_of_week = extract(isodow FROM p_booking_date)))
     ORDER BY h.effective_date NULLS LAST
     LIMIT 1;
    IF NOT FOUND OR v_hours.is_closed THEN
        RETURN jsonb_build_object('success', false, 'duplicate', false, 'error', 'BOOKING_OUTSIDE_OPERATING_HOURS',
                                  'message', 'The restaurant is closed on the selected date.', 'retryable', false);
    END IF;
    IF p_start_time < v_hours.opens_at OR p_end_time > v_hours.closes_at THEN
        RETURN jsonb_build_object('success', false, 'duplicate', false, 'error', 'BOOKING_OUTSIDE_OPERATING_HOURS',
                                  'message', 'The requested time is outside configured operating hours.',
                                  'retryable', false);
    END IF;

    SELECT coalesce(sum(b.party_size), 0) INTO v_covers
      FROM bookings b
     WHERE b.restaurant_id = p_restaurant_id
       AND b.booking_date = p_booking_date
       AND b.status NOT IN ('cancelled', 'no_show');
    IF v_covers + p_party_size > v_rule.max_covers THEN
        RETURN jsonb_build_object('success', false, 'duplicate', false, 'error', 'CAPACITY_EXCEEDED',
                                  'message', format('%s of %s covers are taken', v_covers, v_rule.max_covers),
                                  'retryable', false);
    END IF;

    INSERT INTO bookings
           (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type, seating_preference,
            status, customer_name, customer_email, customer_phone, notes, marketing_opt_in, idempotency_key, source,
            auth_user_id, client_request_id, details, loyalty_points_awarded, reference)
    VALUES (p_restaurant_id, p_customer_id, p_booking_date, p_start_time, p_end_time, p_party_size,
            p_booking_type::booking_type, p_seating_preference::seating_preference_type, 'confirmed', p_customer_name,
            p_customer_email, p_customer_phone, p_notes, p_marketing_opt_in, p_idempotency_key, p_source, p_auth_user_id,
            coalesce(p_client_request_id, gen_random_uuid()::text), p_details, p_loyalty_points_awarded, '')
    RETURNING * INTO v_booking;
    RETURN jsonb_build_object('success', true, 'duplicate', false, 'booking', to_jsonb(v_booking),
                              'capacity', jsonb_build_object('covers', v_covers + p_party_size));
EXCEPTION
    WHEN serialization_failure OR deadlock_detected OR lock_not_available THEN
        RETURN jsonb_build_object('success', false, 'error', 'BOOKING_CONFLICT', 'message', SQLERRM, 'retryable', true,
                                  'sqlstate', SQLSTATE, 'sqlerrm', SQLERRM);
    WHEN OTHERS THEN
        RETURN jsonb_build_object('success', false, 'error', 'INTERNAL_ERROR',
                                  'message', 'An unexpected error occurred', 'retryable', false,
                                  'sqlstate', SQLSTATE, 'sqlerrm', SQLERRM);
END
$$;
