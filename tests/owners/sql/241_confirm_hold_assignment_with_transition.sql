-- The older way, which takes tables instead of a hold and needs no digest().
CREATE FUNCTION confirm_hold_assignment_with_transition(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_idempotency_key text,
    p_require_adjacency boolean DEFAULT false,
    p_assigned_by uuid DEFAULT NULL,
    p_start_at timestamptz DEFAULT NULL,
    p_end_at timestamptz DEFAULT NULL,
    p_target_status booking_status DEFAULT 'confirmed',
    p_history_changed_by uuid DEFAULT NULL,
    p_history_reason text DEFAULT 'auto_assign_atomic_confirm',
    p_history_metadata jsonb DEFAULT '{}'
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_status booking_status;
BEGIN
    RETURN QUERY
        SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM assign_tables_atomic_v2(p_booking_id, p_table_ids, p_idempotency_key, p_require_adjacency,
                                       p_assigned_by, p_start_at, p_end_at) AS a;
    SELECT b.status INTO v_status FROM bookings b WHERE b.id = p_booking_id;
    IF v_status <> p_target_status THEN
        PERFORM FROM apply_booking_state_transition(
            p_booking_id, p_target_status, NULL, NULL, now(), v_status, p_target_status, p_history_changed_by, now(),
            p_history_reason, p_history_metadata);
    END IF;
END
$$;
