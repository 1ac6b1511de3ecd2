-- Moves a booking's status if it still is what the caller saw. The branch for the conflict asks for a column of its own
-- result's name and fails with 42702 before it can say booking_state_conflict.
CREATE FUNCTION apply_booking_state_transition(
    p_booking_id uuid,
    p_status booking_status,
    p_checked_in_at timestamptz,
    p_checked_out_at timestamptz,
    p_updated_at timestamptz,
    p_history_from booking_status,
    p_history_to booking_status,
    p_history_changed_by uuid,
    p_history_changed_at timestamptz,
    p_history_reason text,
    p_history_metadata jsonb DEFAULT '{}'
) RETURNS TABLE (status booking_status, checked_in_at timestamptz, checked_out_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_booking bookings%ROWTYPE;
    v_status booking_status;
BEGIN
    UPDATE bookings b
       SET status = p_status,
           checked_in_at = p_checked_in_at,
           checked_out_at = p_checked_out_at,
           updated_at = coalesce(p_updated_at, now())
     WHERE b.id = p_booking_id AND b.status = p_history_from
    RETURNING b.* INTO v_booking;
    IF NOT FOUND THEN
        SELECT status INTO v_status FROM bookings WHERE id = p_booking_id;
        RAISE EXCEPTION 'booking_state_conflict'
            USING ERRCODE = 'P0004', DETAIL = format('Expected %s, found %s', p_history_from, v_status);
    END IF;
    INSERT INTO booking_state_history (booking_id, from_status, to_status, changed_by, changed_at, reason, metadata)
    VALUES (p_booking_id, p_history_from, p_history_to, p_history_changed_by, coalesce(p_history_changed_at, now()),
            p_history_reason, coalesce(p_history_metadata, '{}'));
    RETURN QUERY SELECT v_booking.status, v_booking.checked_in_at, v_booking.checked_out_at, v_booking.updated_at;
END
$$;
