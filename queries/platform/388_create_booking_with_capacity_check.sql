-- Makes a pending booking when the restaurant is open and has the covers, and answers with it or with why not. The same
-- idempotency key at a restaurant gives the same booking, however many ask at once. Never raises: see booking_result.
CREATE OR REPLACE FUNCTION create_booking_with_capacity_check(
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
    v_booking bookings%ROWTYPE;
    v_refusal jsonb;
BEGIN
    IF p_idempotency_key IS NOT NULL THEN
        -- Before the look, and always before the day's lock: whoever waits here sees the other's booking afterwards.
        PERFORM pg_advisory_xact_lock(
            hashtextextended('booking_key/' || p_restaurant_id || '/' || p_idempotency_key, 0));
        SELECT * INTO v_booking
          FROM bookings b
         WHERE b.idempotency_key = p_idempotency_key AND b.restaurant_id = p_restaurant_id
         ORDER BY b.created_at
         LIMIT 1;
        IF FOUND THEN
            RETURN booking_result(true, to_jsonb(v_booking), p_duplicate => true);
        END IF;
    END IF;

    v_refusal := booking_refusal(p_restaurant_id, p_booking_date, p_start_time, p_end_time, p_party_size);
    IF v_refusal IS NOT NULL THEN
        RETURN v_refusal;
    END IF;

    INSERT INTO bookings
           (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type, customer_name,
            customer_email, customer_phone, seating_preference, notes, marketing_opt_in, idempotency_key, source,
            auth_user_id, client_request_id, details, loyalty_points_awarded, status, reference)
    VALUES (p_restaurant_id, p_customer_id, p_booking_date, p_start_time, p_end_time, p_party_size, p_booking_type,
            p_customer_name, p_customer_email, p_customer_phone,
            coalesce(p_seating_preference, 'any')::seating_preference_type, p_notes,
            coalesce(p_marketing_opt_in, false), p_idempotency_key, coalesce(p_source, 'api'), p_auth_user_id,
            coalesce(p_client_request_id, gen_random_uuid()::text), coalesce(p_details, '{}'),
            coalesce(p_loyalty_points_awarded, 0), 'pending', '')
    RETURNING * INTO v_booking;
    RETURN booking_result(
        true, to_jsonb(v_booking),
        (SELECT to_jsonb(c) FROM booking_capacity(p_restaurant_id, p_booking_date, p_start_time, p_end_time) c));
EXCEPTION
    WHEN serialization_failure OR deadlock_detected OR lock_not_available THEN
        RETURN booking_result(
            false, p_error => 'BOOKING_CONFLICT', p_retryable => true, p_sqlstate => SQLSTATE, p_sqlerrm => SQLERRM,
            p_message => 'Another booking was being made at that moment; try again.');
    WHEN OTHERS THEN
        RETURN booking_result(
            false, p_error => 'INTERNAL_ERROR', p_sqlstate => SQLSTATE, p_sqlerrm => SQLERRM,
            p_message => 'The booking could not be made.');
END
$$;
