-- Changes a booking when the restaurant is open and has the covers, its own not counted, and answers like
-- create_booking_with_capacity_check. Status and tables stay as they are.
CREATE OR REPLACE FUNCTION update_booking_with_capacity_check(
    p_booking_id uuid,
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
    p_auth_user_id uuid DEFAULT NULL,
    p_client_request_id text DEFAULT NULL,
    p_details jsonb DEFAULT NULL,
    p_loyalty_points_awarded integer DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_booking bookings%ROWTYPE;
    v_refusal jsonb;
BEGIN
    PERFORM FROM bookings b WHERE b.id = p_booking_id AND b.restaurant_id = p_restaurant_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    v_refusal := booking_refusal(
        p_restaurant_id, p_booking_date, p_start_time, p_end_time, p_party_size, p_booking_id);
    IF v_refusal IS NOT NULL THEN
        RETURN v_refusal;
    END IF;

    UPDATE bookings b
       SET customer_id = p_customer_id,
           booking_date = p_booking_date,
           start_time = p_start_time,
           end_time = p_end_time,
           party_size = p_party_size,
           booking_type = p_booking_type,
           customer_name = p_customer_name,
           customer_email = p_customer_email,
           customer_phone = p_customer_phone,
           seating_preference = coalesce(p_seating_preference, 'any')::seating_preference_type,
           notes = p_notes,
           marketing_opt_in = coalesce(p_marketing_opt_in, false),
           auth_user_id = coalesce(p_auth_user_id, b.auth_user_id),
           client_request_id = coalesce(p_client_request_id, b.client_request_id),
           details = coalesce(p_details, b.details),
           loyalty_points_awarded = coalesce(p_loyalty_points_awarded, b.loyalty_points_awarded),
           updated_at = now()
     WHERE b.id = p_booking_id
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
            p_message => 'The booking could not be changed.');
END
$$;
