-- Functions that cannot work: they were created, and nothing looked inside before they were called.
CREATE FUNCTION release_hold_and_emit(p_hold_id uuid, p_actor_id uuid DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(table_id) INTO v_ids FROM table_holds WHERE id = p_hold_id;
    DELETE FROM table_hold_members m WHERE m.hold_id = p_hold_id;
    DELETE FROM table_holds h WHERE h.id = p_hold_id;
    PERFORM emit_hold_released(p_hold_id, v_ids, p_actor_id);
    RETURN true;
END
$$;

CREATE FUNCTION sync_confirmed_assignment_windows(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_window_start timestamptz,
    p_window_end timestamptz,
    p_idempotency_key text DEFAULT NULL,
    p_actor_id uuid DEFAULT NULL,
    p_hold_id uuid DEFAULT NULL,
    p_merge_group_id uuid DEFAULT NULL,
    p_metadata jsonb DEFAULT '{}'
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE allocations l
       SET "window" = tstzrange(p_window_start, p_window_end, '[)'), merge_group_id = p_merge_group_id
     WHERE l.booking_id = p_booking_id AND l.resource_id = ANY (p_table_ids);
    INSERT INTO capacity_outbox (event_type, dedupe_key, booking_id, idempotency_key, payload)
    VALUES ('capacity.assignment.sync', p_booking_id::text, p_booking_id, p_idempotency_key, p_metadata)
    ON CONFLICT ON CONSTRAINT capacity_outbox_dedupe DO NOTHING;
    RETURN cardinality(p_table_ids);
END
$$;

-- Whoever is 15 minutes late should wait in the priority list, which no booking may be in.
CREATE FUNCTION process_late_arrivals() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_late uuid;
    v_count integer := 0;
BEGIN
    FOR v_late IN
        SELECT b.id
          FROM bookings b
         WHERE b.status = 'confirmed' AND b.checked_in_at IS NULL AND b.start_at < now() - interval '15 minutes'
    LOOP
        DELETE FROM booking_table_assignments a WHERE a.booking_id = v_late;
        UPDATE bookings b SET status = 'PRIORITY_WAITLIST', updated_at = now() WHERE b.id = v_late;
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;

-- Five arguments and fewer fit both overloads of assign_tables_atomic_v2.
CREATE FUNCTION assign_single_table(
    p_booking_id uuid,
    p_table_id uuid,
    p_idempotency_key text DEFAULT NULL,
    p_assigned_by uuid DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    RETURN QUERY
        SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM assign_tables_atomic_v2(p_booking_id, ARRAY[p_table_id], p_idempotency_key, false, p_assigned_by) AS a;
END
$$;
