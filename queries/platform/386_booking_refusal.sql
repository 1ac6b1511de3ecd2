-- Why a booking cannot be made or changed so, as the answer to give; null when it can. Afterwards the restaurant's day
-- is the caller's alone until its transaction ends: of two that fit, but not together, one is let in.
CREATE OR REPLACE FUNCTION booking_refusal(
    p_restaurant_id uuid,
    p_booking_date date,
    p_start_time time,
    p_end_time time,
    p_party_size integer,
    p_except_booking_id uuid DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_reason text := booking_hours_refusal(p_restaurant_id, p_booking_date, p_start_time, p_end_time);
    v_covers record;
BEGIN
    IF v_reason IS NOT NULL THEN
        RETURN booking_result(
            false, p_error => 'BOOKING_OUTSIDE_OPERATING_HOURS', p_message => v_reason,
            p_details => jsonb_build_object('date', p_booking_date, 'startTime', p_start_time, 'endTime', p_end_time));
    END IF;
    -- One number, not two: locks of two numbers are those of assign_tables_atomic_v2. And no lock on the restaurant's
    -- row, which the foreign keys of everybody else hold a share of.
    PERFORM pg_advisory_xact_lock(
        hashtextextended('booking_capacity/' || p_restaurant_id || '/' || p_booking_date, 0));
    SELECT c.max_covers, c.booked_covers INTO v_covers
      FROM booking_capacity(p_restaurant_id, p_booking_date, p_start_time, p_end_time, p_except_booking_id) c;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Restaurant % not found', p_restaurant_id USING ERRCODE = 'P0002';
    END IF;
    IF v_covers.booked_covers + p_party_size > v_covers.max_covers THEN
        RETURN booking_result(
            false, p_error => 'CAPACITY_EXCEEDED', p_capacity => to_jsonb(v_covers),
            p_message => format('A party of %s does not fit: %s of %s covers are taken at that time.',
                              p_party_size, v_covers.booked_covers, v_covers.max_covers));
    END IF;
    RETURN NULL;
END
$$;
