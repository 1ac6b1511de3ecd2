-- Moves the window of a booking's tables, and of everything that keeps it: allocations, ledger and confirmation result.
-- Nothing moves when one of the tables is not free then.
CREATE OR REPLACE FUNCTION sync_confirmed_assignment_windows(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_window_start timestamptz,
    p_window_end timestamptz,
    p_idempotency_key text DEFAULT NULL,
    p_merge_group_id uuid DEFAULT NULL,
    p_hold_id uuid DEFAULT NULL,
    p_actor_id uuid DEFAULT NULL,
    p_metadata jsonb DEFAULT '{}'
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
    v_window tstzrange;
    v_restaurant uuid;
BEGIN
    IF p_window_start IS NULL OR p_window_end IS NULL OR p_window_start >= p_window_end THEN
        RAISE EXCEPTION 'Booking % has an invalid time window', p_booking_id
            USING ERRCODE = '22000', DETAIL = format('%s is not before %s', p_window_start, p_window_end);
    END IF;
    v_window := tstzrange(p_window_start, p_window_end, '[)');
    -- The booking, then its tables in the order of their ids: as everything that assigns.
    SELECT b.restaurant_id INTO v_restaurant FROM bookings b WHERE b.id = p_booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    PERFORM FROM table_inventory t WHERE t.id = ANY (p_table_ids) ORDER BY t.id FOR NO KEY UPDATE;

    UPDATE allocations l
       SET "window" = v_window, updated_at = now()
     WHERE l.booking_id = p_booking_id
       AND ((l.resource_type = 'table' AND l.resource_id = ANY (p_table_ids)) OR l.id = p_merge_group_id)
       AND l."window" <> v_window;
    RETURN QUERY
        UPDATE booking_table_assignments a
           SET start_at = p_window_start,
               end_at = p_window_end,
               merge_group_id = coalesce(p_merge_group_id, a.merge_group_id),
               updated_at = now()
         WHERE a.booking_id = p_booking_id AND a.table_id = ANY (p_table_ids)
        RETURNING a.table_id, a.start_at, a.end_at, a.merge_group_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % has none of these tables', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    UPDATE booking_assignment_idempotency i
       SET assignment_window = v_window
     WHERE i.booking_id = p_booking_id AND i.idempotency_key = p_idempotency_key;
    UPDATE booking_confirmation_results r
       SET assignment_window = v_window
     WHERE r.booking_id = p_booking_id AND r.idempotency_key = p_idempotency_key;

    INSERT INTO capacity_outbox (event_type, dedupe_key, restaurant_id, booking_id, idempotency_key, payload)
    VALUES ('capacity.assignment.sync', p_booking_id::text, v_restaurant, p_booking_id, p_idempotency_key,
            jsonb_build_object('bookingId', p_booking_id, 'tableIds', p_table_ids, 'holdId', p_hold_id,
                               'actorId', p_actor_id, 'startAt', p_window_start, 'endAt', p_window_end,
                               'metadata', coalesce(p_metadata, '{}')))
    ON CONFLICT DO NOTHING;
END
$$;
