-- Moves a booking's status, only from the status the caller saw, and writes it down.
CREATE OR REPLACE FUNCTION apply_booking_state_transition(
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
#variable_conflict use_column
DECLARE
    v_status booking_status;
BEGIN
    RETURN QUERY
        UPDATE bookings b
           SET status = p_status,
               checked_in_at = p_checked_in_at,
               checked_out_at = p_checked_out_at,
               updated_at = coalesce(p_updated_at, now())
         WHERE b.id = p_booking_id AND b.status = p_history_from
        RETURNING b.status, b.checked_in_at, b.checked_out_at, b.updated_at;
    IF NOT FOUND THEN
        SELECT b.status INTO v_status FROM bookings b WHERE b.id = p_booking_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
        END IF;
        RAISE EXCEPTION 'booking_state_conflict'
            USING ERRCODE = 'P0004',
                  DETAIL = format('Booking %s is %s, not %s', p_booking_id, v_status, p_history_from);
    END IF;
    INSERT INTO booking_state_history (booking_id, from_status, to_status, changed_by, changed_at, reason, metadata)
    VALUES (p_booking_id, p_history_from, p_history_to, p_history_changed_by, coalesce(p_history_changed_at, now()),
            p_history_reason, coalesce(p_history_metadata, '{}'));
END
$$;
