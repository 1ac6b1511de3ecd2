-- Tables for a booking, in the owners' order of work, which is also the order of locks. That the seats cover the party is
-- looked at nowhere.
CREATE FUNCTION assign_tables_atomic_v2(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_idempotency_key text DEFAULT NULL,
    p_require_adjacency boolean DEFAULT false,
    p_assigned_by uuid DEFAULT NULL,
    p_start_at timestamptz DEFAULT NULL,
    p_end_at timestamptz DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    -- UTC without its zone, stored with the session's: right only in a session that is in UTC.
    v_now timestamptz := timezone('utc', now());
    v_booking bookings%ROWTYPE;
    v_table table_inventory%ROWTYPE;
    v_ledger booking_assignment_idempotency%ROWTYPE;
    v_held record;
    v_ids uuid[];
    v_id uuid;
    v_loaded integer := 0;
    v_zone uuid;
    v_other uuid;
    v_start timestamptz;
    v_end timestamptz;
    v_window tstzrange;
    v_hash text;
    v_slot uuid;
    v_group uuid;
BEGIN
    v_ids := ARRAY(SELECT DISTINCT x FROM unnest(p_table_ids) AS x WHERE x IS NOT NULL ORDER BY x);
    IF cardinality(v_ids) = 0 THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 requires at least one table id' USING ERRCODE = '23514';
    END IF;

    -- 1. the booking and its window
    SELECT * INTO v_booking FROM bookings b WHERE b.id = p_booking_id FOR UPDATE OF b;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    IF (p_start_at IS NULL) <> (p_end_at IS NULL) THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 requires both start and end when overriding the window'
            USING ERRCODE = '22023';
    END IF;
    v_start := coalesce(p_start_at, v_booking.start_at);
    v_end := coalesce(p_end_at, v_booking.end_at);
    IF v_start IS NULL OR v_end IS NULL THEN
        RAISE EXCEPTION 'Booking % is missing start/end window', p_booking_id USING ERRCODE = '22000';
    END IF;
    IF v_start >= v_end THEN
        RAISE EXCEPTION 'Booking % has an invalid time window', p_booking_id USING ERRCODE = '22000';
    END IF;
    v_window := tstzrange(v_start, v_end, '[)');

    -- 2. each table, FOR UPDATE in the order of ids; 3. whether it may serve
    FOR v_table IN SELECT * FROM table_inventory t WHERE t.id = ANY (v_ids) ORDER BY t.id FOR UPDATE
    LOOP
        v_loaded := v_loaded + 1;
        IF v_table.restaurant_id <> v_booking.restaurant_id THEN
            RAISE EXCEPTION 'Table % belongs to a different restaurant', v_table.id USING ERRCODE = '23503';
        END IF;
        IF v_table.zone_id IS NULL THEN
            RAISE EXCEPTION 'Table % is not assigned to a zone', v_table.id USING ERRCODE = '23514';
        END IF;
        IF NOT v_table.active THEN
            RAISE EXCEPTION 'Table % is inactive', v_table.id USING ERRCODE = '23514';
        END IF;
        v_zone := coalesce(v_zone, v_table.zone_id);
        IF v_table.zone_id <> v_zone THEN
            RAISE EXCEPTION 'All tables must belong to the same zone (found %, expected %)', v_table.zone_id, v_zone
                USING ERRCODE = '23514';
        END IF;
        IF cardinality(v_ids) > 1 AND v_table.mobility <> 'movable' THEN
            RAISE EXCEPTION 'Merged assignments require movable tables (% is %)', v_table.id, v_table.mobility
                USING ERRCODE = '23514';
        END IF;
    END LOOP;
    IF v_loaded <> cardinality(v_ids) THEN
        RAISE EXCEPTION 'Unable to load all requested tables for booking %', p_booking_id USING ERRCODE = 'P0002';
    END IF;

    -- 4. zones of existing assignments
    SELECT t.zone_id INTO v_other
      FROM booking_table_assignments a
      JOIN table_inventory t ON t.id = a.table_id
     WHERE a.booking_id = p_booking_id AND t.zone_id <> v_zone
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Booking % already has assignments in a different zone', p_booking_id USING ERRCODE = '23514';
    END IF;

    -- 5. the zone lock
    IF v_booking.assigned_zone_id IS NULL THEN
        UPDATE bookings b SET assigned_zone_id = v_zone WHERE b.id = p_booking_id;
    ELSIF v_booking.assigned_zone_id <> v_zone THEN
        RAISE EXCEPTION 'Booking % locked to zone %, cannot assign zone %',
            p_booking_id, v_booking.assigned_zone_id, v_zone USING ERRCODE = '23514';
    END IF;

    -- 6. adjacency: each touches one other
    IF p_require_adjacency AND cardinality(v_ids) > 1 THEN
        FOREACH v_id IN ARRAY v_ids
        LOOP
            IF NOT EXISTS (
                SELECT FROM table_adjacencies j
                 WHERE (j.table_a = v_id AND j.table_b = ANY (v_ids)) OR (j.table_b = v_id AND j.table_a = ANY (v_ids))
            ) THEN
                RAISE EXCEPTION 'Table % is not adjacent to the selected set', v_id USING ERRCODE = '23514';
            END IF;
        END LOOP;
    END IF;

    -- 7. the zone and the hour
    PERFORM pg_advisory_xact_lock(
        hashtext(v_zone::text), (extract(epoch FROM date_trunc('hour', v_start)) / 60)::integer);

    -- 8. the ledger; a replay gives the rows that are left, which may be none
    v_hash := md5(array_to_string(v_ids, ','));
    IF p_idempotency_key IS NOT NULL THEN
        SELECT * INTO v_ledger
          FROM booking_assignment_idempotency i
         WHERE i.booking_id = p_booking_id AND i.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            IF v_ledger.table_ids <> v_ids THEN
                RAISE EXCEPTION 'assign_tables_atomic_v2 idempotency mismatch for booking %', p_booking_id
                    USING ERRCODE = 'P0003', DETAIL = 'key reuse with a different table set';
            END IF;
            RETURN QUERY
                SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
                  FROM booking_table_assignments a
                 WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids);
            RETURN;
        END IF;
    END IF;

    -- 9. holds of others. The detail's format string is none, so that its caller hears of format() alone.
    SELECT w.hold_id, w.table_id AS held, w.expires_at INTO v_held
      FROM table_hold_windows w
     WHERE w.table_id = ANY (v_ids)
       AND w.hold_window && v_window
       AND w.booking_id IS DISTINCT FROM p_booking_id
       AND w.expires_at > v_now
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Hold conflict prevents assignment for booking %', p_booking_id
            USING ERRCODE = 'P0001', DETAIL = format('Hold % on table %', v_held.hold_id, v_held.held);
    END IF;

    -- 10. the slot
    v_slot := get_or_create_booking_slot(v_booking.restaurant_id, v_booking.booking_date, v_booking.start_time);

    -- 11. allocations, the group's first
    IF cardinality(v_ids) > 1 THEN
        BEGIN
            INSERT INTO allocations (booking_id, resource_type, resource_id, shadow, restaurant_id, "window", created_by)
            VALUES (p_booking_id, 'merge_group', gen_random_uuid(), false, v_booking.restaurant_id, v_window,
                    p_assigned_by)
            RETURNING id INTO v_group;
        EXCEPTION WHEN exclusion_violation THEN
            RAISE EXCEPTION 'allocations_no_overlap'
                USING ERRCODE = 'P0001', DETAIL = format('Merge group of booking %s overlaps', p_booking_id);
        END;
    END IF;
    FOREACH v_id IN ARRAY v_ids
    LOOP
        BEGIN
            INSERT INTO allocations (booking_id, resource_type, resource_id, shadow, restaurant_id, "window", created_by)
            VALUES (p_booking_id, 'table', v_id, false, v_booking.restaurant_id, v_window, p_assigned_by)
            ON CONFLICT (booking_id, resource_type, resource_id) DO UPDATE
               SET shadow = false, "window" = excluded."window";
        EXCEPTION WHEN exclusion_violation THEN
            RAISE EXCEPTION 'allocations_no_overlap'
                USING ERRCODE = 'P0001', DETAIL = format('Resource %s overlaps', v_id);
        END;
    END LOOP;

    -- 12. assignments; an overlap there comes out as it is
    FOREACH v_id IN ARRAY v_ids
    LOOP
        BEGIN
            INSERT INTO booking_table_assignments
                   (booking_id, table_id, slot_id, assigned_by, idempotency_key, start_at, end_at, allocation_id,
                    merge_group_id)
            SELECT p_booking_id, v_id, v_slot, p_assigned_by, p_idempotency_key, v_start, v_end, l.id, v_group
              FROM allocations l
             WHERE l.booking_id = p_booking_id AND l.resource_type = 'table' AND l.resource_id = v_id;
        EXCEPTION WHEN unique_violation THEN
            RAISE EXCEPTION 'assign_tables_atomic_v2 assignment duplicate for table %', v_id USING ERRCODE = 'P0001';
        END;
    END LOOP;

    -- 13. the tables' status
    FOREACH v_id IN ARRAY v_ids
    LOOP
        PERFORM refresh_table_status(v_id);
    END LOOP;

    -- 14. the ledger
    IF p_idempotency_key IS NOT NULL THEN
        INSERT INTO booking_assignment_idempotency
               (booking_id, idempotency_key, table_ids, assignment_window, merge_group_allocation_id, table_set_hash,
                expires_at)
        VALUES (p_booking_id, p_idempotency_key, v_ids, v_window, v_group, v_hash, v_now + interval '7 days');
    END IF;

    -- 15. capacity
    IF current_setting('app.capacity.post_assignment.enabled', true) IS DISTINCT FROM 'off' THEN
        PERFORM validate_booking_capacity_after_assignment(p_booking_id);
    END IF;

    RETURN QUERY
        SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
          FROM booking_table_assignments a
         WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids);
END
$$;
