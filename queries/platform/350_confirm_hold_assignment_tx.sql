-- Turns a hold into assignments, and the booking into p_target_status where one is given, in one transaction.
-- Afterwards the hold is gone; a second call for it is told so.
CREATE OR REPLACE FUNCTION confirm_hold_assignment_tx(
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
#variable_conflict use_column
DECLARE
    v_hold table_holds%ROWTYPE;
    v_ids uuid[];
    v_assigned uuid[];
    v_window tstzrange;
    v_status booking_status;
    v_event jsonb;
BEGIN
    IF p_idempotency_key IS NULL THEN
        RAISE EXCEPTION 'confirm_hold_assignment_tx requires an idempotency key' USING ERRCODE = '22023';
    END IF;
    IF (p_window_start IS NULL) <> (p_window_end IS NULL) THEN
        RAISE EXCEPTION 'confirm_hold_assignment_tx requires both start and end when a window is given'
            USING ERRCODE = '22023';
    END IF;

    SELECT * INTO v_hold FROM table_holds h WHERE h.id = p_hold_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Hold % not found', p_hold_id USING ERRCODE = 'P0002';
    END IF;
    IF v_hold.booking_id IS DISTINCT FROM p_booking_id THEN
        RAISE EXCEPTION 'Hold % belongs to booking % (expected %)', p_hold_id, v_hold.booking_id, p_booking_id
            USING ERRCODE = 'P0001';
    END IF;
    IF v_hold.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'Hold % expired at %', p_hold_id, v_hold.expires_at USING ERRCODE = 'P0001';
    END IF;
    SELECT array_agg(m.table_id ORDER BY m.table_id) INTO v_ids FROM table_hold_members m WHERE m.hold_id = p_hold_id;
    IF v_ids IS NULL THEN
        RAISE EXCEPTION 'Hold % has no table members', p_hold_id USING ERRCODE = 'P0001';
    END IF;
    -- An expectation that is not given, or of something the hold does not say, is none.
    IF p_expected_policy_version <> v_hold.metadata ->> 'policyVersion' THEN
        RAISE EXCEPTION 'Policy version changed (expected %, held %)',
            p_expected_policy_version, v_hold.metadata ->> 'policyVersion' USING ERRCODE = 'P0003';
    END IF;
    IF p_expected_adjacency_hash <> v_hold.metadata #>> '{selection,snapshot,adjacency,hash}' THEN
        RAISE EXCEPTION 'Adjacency snapshot changed for hold %', p_hold_id USING ERRCODE = 'P0003';
    END IF;

    v_window := tstzrange(coalesce(p_window_start, v_hold.start_at), coalesce(p_window_end, v_hold.end_at), '[)');
    SELECT array_agg(a.table_id) INTO v_assigned
      FROM assign_tables_atomic_v2(p_booking_id, v_ids, p_idempotency_key, p_require_adjacency, p_assigned_by,
                                   lower(v_window), upper(v_window)) a;
    IF v_assigned IS NULL THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 returned no assignments for booking %', p_booking_id
            USING ERRCODE = 'P0003';
    END IF;

    IF p_target_status IS NOT NULL THEN
        SELECT b.status INTO v_status FROM bookings b WHERE b.id = p_booking_id;
        IF v_status <> p_target_status THEN
            PERFORM apply_booking_state_transition(
                p_booking_id, p_target_status, NULL, NULL, now(), v_status, p_target_status, p_history_changed_by,
                now(), p_history_reason, p_history_metadata);
        END IF;
    END IF;

    v_event := jsonb_build_object(
        'holdId', p_hold_id, 'bookingId', p_booking_id, 'tableIds', v_ids,
        'startAt', lower(v_window) AT TIME ZONE 'UTC', 'endAt', upper(v_window) AT TIME ZONE 'UTC');
    UPDATE booking_assignment_idempotency
       SET payload_checksum = encode(sha256(convert_to(v_event::text, 'UTF8')), 'hex')
     WHERE booking_id = p_booking_id AND idempotency_key = p_idempotency_key;

    INSERT INTO capacity_outbox (event_type, dedupe_key, restaurant_id, booking_id, idempotency_key, payload)
    VALUES ('capacity.assignment.sync', p_booking_id::text, v_hold.restaurant_id, p_booking_id, p_idempotency_key, v_event),
           ('capacity.hold.confirmed', p_hold_id::text, v_hold.restaurant_id, p_booking_id, p_idempotency_key, v_event)
    ON CONFLICT DO NOTHING;

    INSERT INTO booking_confirmation_results
           (booking_id, idempotency_key, hold_id, restaurant_id, table_ids, assignment_window, actor_id, metadata)
    VALUES (p_booking_id, p_idempotency_key, p_hold_id, v_hold.restaurant_id, v_ids, v_window, p_assigned_by,
            coalesce(v_hold.metadata, '{}'));

    -- Its allocations are no shadows any more and stay.
    DELETE FROM table_holds WHERE id = p_hold_id;

    RETURN QUERY
        SELECT a.id, a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM booking_table_assignments a
         WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids)
         ORDER BY a.table_id;
END
$$;
