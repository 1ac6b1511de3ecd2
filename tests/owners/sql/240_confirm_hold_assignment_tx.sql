-- Turns a hold into assignments, through a temporary table a call. Its digest() is looked for in public alone, a hold
-- without metadata fails on what it stores last, and the hold is deleted outright.
CREATE FUNCTION confirm_hold_assignment_tx(
    p_hold_id uuid,
    p_booking_id uuid,
    p_idempotency_key text,
    p_require_adjacency boolean DEFAULT false,
    p_assigned_by uuid DEFAULT NULL,
    p_window_start timestamptz DEFAULT NULL,
    p_window_end timestamptz DEFAULT NULL,
    p_expected_policy_version text DEFAULT NULL,
    p_expected_adjacency_hash text DEFAULT NULL,
    p_target_status booking_status DEFAULT NULL,
    p_history_reason text DEFAULT 'auto_assign_confirm',
    p_history_metadata jsonb DEFAULT '{}',
    p_history_changed_by uuid DEFAULT NULL
) RETURNS TABLE (
    assignment_id uuid, table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_hold table_holds%ROWTYPE;
    v_ids uuid[];
    v_start timestamptz;
    v_end timestamptz;
    v_status booking_status;
    v_payload jsonb;
BEGIN
    SELECT * INTO v_hold FROM table_holds h WHERE h.id = p_hold_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Hold % not found', p_hold_id USING ERRCODE = 'P0002';
    END IF;
    IF v_hold.booking_id IS DISTINCT FROM p_booking_id THEN
        RAISE EXCEPTION 'Hold % belongs to booking % (expected %)', p_hold_id, v_hold.booking_id, p_booking_id
            USING ERRCODE = 'P0001';
    END IF;
    IF v_hold.expires_at <= timezone('utc', now()) THEN
        RAISE EXCEPTION 'Hold % expired at %', p_hold_id, v_hold.expires_at USING ERRCODE = 'P0001';
    END IF;
    v_ids := ARRAY(SELECT m.table_id FROM table_hold_members m WHERE m.hold_id = p_hold_id ORDER BY m.table_id);
    IF cardinality(v_ids) = 0 THEN
        RAISE EXCEPTION 'Hold % has no table members', p_hold_id USING ERRCODE = 'P0001';
    END IF;
    IF p_expected_policy_version IS NOT NULL
       AND p_expected_policy_version IS DISTINCT FROM v_hold.metadata ->> 'policyVersion' THEN
        RAISE EXCEPTION 'Policy version changed (expected %, found %)',
            p_expected_policy_version, v_hold.metadata ->> 'policyVersion' USING ERRCODE = 'P0003';
    END IF;
    IF p_expected_adjacency_hash IS NOT NULL
       AND p_expected_adjacency_hash IS DISTINCT FROM v_hold.metadata #>> '{selection,snapshot,adjacency,hash}' THEN
        RAISE EXCEPTION 'Adjacency snapshot changed for hold %', p_hold_id USING ERRCODE = 'P0003';
    END IF;
    IF (p_window_start IS NULL) <> (p_window_end IS NULL) THEN
        RAISE EXCEPTION 'confirm_hold_assignment_tx requires both start and end of the window' USING ERRCODE = '22023';
    END IF;
    v_start := coalesce(p_window_start, v_hold.start_at);
    v_end := coalesce(p_window_end, v_hold.end_at);
    IF v_start >= v_end THEN
        RAISE EXCEPTION 'Hold % has an invalid time window', p_hold_id USING ERRCODE = '22000';
    END IF;

    CREATE TEMP TABLE confirm_hold_assigned ON COMMIT DROP AS
        SELECT a.table_id AS assigned_table
          FROM assign_tables_atomic_v2(p_booking_id, v_ids, p_idempotency_key, p_require_adjacency, p_assigned_by,
                                       v_start, v_end) AS a;
    IF NOT EXISTS (SELECT FROM confirm_hold_assigned) THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 returned no assignments for booking %', p_booking_id
            USING ERRCODE = 'P0003';
    END IF;

    IF p_target_status IS NOT NULL THEN
        SELECT b.status INTO v_status FROM bookings b WHERE b.id = p_booking_id;
        IF v_status <> p_target_status THEN
            PERFORM FROM apply_booking_state_transition(
                p_booking_id, p_target_status, NULL, NULL, now(), v_status, p_target_status, p_history_changed_by,
                now(), p_history_reason, p_history_metadata);
        END IF;
    END IF;

    v_payload := jsonb_build_object('bookingId', p_booking_id, 'holdId', p_hold_id, 'tableIds', v_ids,
                                    'startAt', v_start, 'endAt', v_end);
    UPDATE booking_assignment_idempotency i
       SET payload_checksum = encode(digest(v_payload::text, 'sha256'), 'hex')
     WHERE i.booking_id = p_booking_id AND i.idempotency_key = p_idempotency_key;

    INSERT INTO capacity_outbox (event_type, dedupe_key, restaurant_id, booking_id, idempotency_key, payload)
    VALUES ('capacity.assignment.sync', p_booking_id::text, v_hold.restaurant_id, p_booking_id, p_idempotency_key,
            v_payload),
           ('capacity.hold.confirmed', p_hold_id::text, v_hold.restaurant_id, p_booking_id, p_idempotency_key, v_payload)
    ON CONFLICT DO NOTHING;

    INSERT INTO booking_confirmation_results
           (booking_id, idempotency_key, hold_id, table_ids, assignment_window, actor_id, metadata)
    VALUES (p_booking_id, p_idempotency_key, p_hold_id, v_ids, tstzrange(v_start, v_end, '[)'), p_assigned_by,
            v_hold.metadata);

    DELETE FROM table_holds h WHERE h.id = p_hold_id;

    RETURN QUERY
        SELECT a.id, a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM booking_table_assignments a
          JOIN confirm_hold_assigned c ON c.assigned_table = a.table_id
         WHERE a.booking_id = p_booking_id;
    DROP TABLE confirm_hold_assigned;
END
$$;
