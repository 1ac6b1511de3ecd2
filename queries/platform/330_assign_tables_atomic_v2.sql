-- Gives a booking its tables, all or none. The order of work is also the order of locks.
-- Table rows are locked FOR NO KEY UPDATE: enough to keep assignments of one table apart, and it lets the foreign keys
-- of somebody's hold pass, which FOR UPDATE would make wait and, over several tables, deadlock.
CREATE OR REPLACE FUNCTION assign_tables_atomic_v2(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_idempotency_key text DEFAULT NULL,
    p_require_adjacency boolean DEFAULT false,
    p_assigned_by uuid DEFAULT NULL,
    p_start_at timestamptz DEFAULT NULL,
    p_end_at timestamptz DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
    v_booking bookings%ROWTYPE;
    v_table record;
    v_ledger booking_assignment_idempotency%ROWTYPE;
    v_ids uuid[];
    v_made uuid[];
    v_count integer;
    v_loaded integer := 0;
    v_zone uuid;
    v_other uuid;
    v_lonely text;
    v_start timestamptz;
    v_end timestamptz;
    v_window tstzrange;
    v_hash text;
    v_slot uuid;
    v_group uuid;
    v_constraint text;
    v_detail text;
BEGIN
    SELECT array_agg(DISTINCT id ORDER BY id) INTO v_ids FROM unnest(p_table_ids) AS id WHERE id IS NOT NULL;
    v_count := coalesce(cardinality(v_ids), 0);
    IF v_count = 0 THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 requires at least one table id' USING ERRCODE = '23514';
    END IF;
    IF (p_start_at IS NULL) <> (p_end_at IS NULL) THEN
        RAISE EXCEPTION 'assign_tables_atomic_v2 requires both start and end when a window is given'
            USING ERRCODE = '22023';
    END IF;

    -- 1. the booking
    SELECT * INTO v_booking FROM bookings b WHERE b.id = p_booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    v_start := coalesce(p_start_at, v_booking.start_at);
    v_end := coalesce(p_end_at, v_booking.end_at);
    IF v_start IS NULL OR v_end IS NULL THEN
        RAISE EXCEPTION 'Booking % is missing start/end window', p_booking_id USING ERRCODE = '22000';
    END IF;
    IF v_start >= v_end THEN
        RAISE EXCEPTION 'Booking % has an invalid time window', p_booking_id
            USING ERRCODE = '22000', DETAIL = format('%s is not before %s', v_start, v_end);
    END IF;
    v_window := tstzrange(v_start, v_end, '[)');

    -- 2. the tables, in the order of their ids, and 3. whether they may serve
    FOR v_table IN
        SELECT t.id, t.restaurant_id, t.table_number, t.zone_id, t.active, t.mobility
          FROM table_inventory t
         WHERE t.id = ANY (v_ids)
         ORDER BY t.id
           FOR NO KEY UPDATE
    LOOP
        v_loaded := v_loaded + 1;
        IF v_table.restaurant_id <> v_booking.restaurant_id THEN
            RAISE EXCEPTION 'Table % belongs to a different restaurant', v_table.table_number USING ERRCODE = '23503';
        END IF;
        IF v_table.zone_id IS NULL THEN
            RAISE EXCEPTION 'Table % is not assigned to a zone', v_table.table_number USING ERRCODE = '23514';
        END IF;
        v_zone := coalesce(v_zone, v_table.zone_id);
        IF v_table.zone_id <> v_zone THEN
            RAISE EXCEPTION 'All tables must belong to the same zone (found %, expected %)', v_table.zone_id, v_zone
                USING ERRCODE = '23514';
        END IF;
        IF NOT v_table.active THEN
            RAISE EXCEPTION 'Table % is inactive', v_table.table_number USING ERRCODE = '23514';
        END IF;
        IF v_count > 1 AND v_table.mobility <> 'movable' THEN
            RAISE EXCEPTION 'Merged assignments require movable tables (% is %)', v_table.table_number, v_table.mobility
                USING ERRCODE = '23514';
        END IF;
    END LOOP;
    IF v_loaded <> v_count THEN
        RAISE EXCEPTION 'Unable to load all requested tables for booking %', p_booking_id USING ERRCODE = 'P0002';
    END IF;

    -- 4. the zone of what it already has
    SELECT t.zone_id INTO v_other
      FROM booking_table_assignments a
      JOIN table_inventory t ON t.id = a.table_id
     WHERE a.booking_id = p_booking_id AND t.zone_id <> v_zone
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Booking % already has assignments in a different zone', p_booking_id
            USING ERRCODE = '23514', DETAIL = format('Assigned in zone %s, asked for zone %s', v_other, v_zone);
    END IF;

    -- 5. the zone lock
    IF v_booking.assigned_zone_id IS NULL THEN
        UPDATE bookings SET assigned_zone_id = v_zone, updated_at = now() WHERE id = p_booking_id;
    ELSIF v_booking.assigned_zone_id <> v_zone THEN
        RAISE EXCEPTION 'Booking % locked to zone %, cannot assign zone %',
            p_booking_id, v_booking.assigned_zone_id, v_zone USING ERRCODE = '23514';
    END IF;

    -- 6. adjacency: each table touches another of the set; that all are connected is the planner's to see to
    IF p_require_adjacency AND v_count > 1 THEN
        SELECT t.table_number INTO v_lonely
          FROM table_inventory t
         WHERE t.id = ANY (v_ids)
           AND NOT EXISTS (SELECT FROM table_adjacencies j WHERE j.table_a = t.id AND j.table_b = ANY (v_ids))
           AND NOT EXISTS (SELECT FROM table_adjacencies j WHERE j.table_b = t.id AND j.table_a = ANY (v_ids))
         ORDER BY t.table_number
         LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'Table % is not adjacent to the selected set', v_lonely USING ERRCODE = '23514';
        END IF;
    END IF;

    -- 7. one assignment at a time per zone and hour. The hour counts from the epoch: date_trunc would ask the session
    -- for its time zone, and two sessions half an hour apart would not meet.
    PERFORM pg_advisory_xact_lock(hashtext(v_zone::text), (floor(extract(epoch FROM v_start) / 3600) * 60)::integer);

    -- 8. the ledger
    v_hash := encode(sha256(convert_to(array_to_string(v_ids, ','), 'UTF8')), 'hex');
    IF p_idempotency_key IS NOT NULL THEN
        SELECT * INTO v_ledger
          FROM booking_assignment_idempotency i
         WHERE i.booking_id = p_booking_id AND i.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            IF v_ledger.table_ids <> v_ids THEN
                RAISE EXCEPTION 'assign_tables_atomic_v2 idempotency mismatch for booking %', p_booking_id
                    USING ERRCODE = 'P0003', DETAIL = 'Key reuse with a different table set';
            END IF;
            RETURN QUERY
                SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
                  FROM booking_table_assignments a
                 WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids)
                 ORDER BY a.table_id;
            IF NOT FOUND THEN
                -- Zero rows and no error would read as success.
                RAISE EXCEPTION 'assign_tables_atomic_v2 returned no assignments for booking %', p_booking_id
                    USING ERRCODE = 'P0003',
                          DETAIL = format('Key %s was used and its rows are gone', p_idempotency_key);
            END IF;
            RETURN;
        END IF;
    END IF;

    -- 9. holds of others. The wall clock, as the locks above may have taken their time.
    SELECT w.hold_id, t.table_number, w.expires_at INTO v_table
      FROM table_hold_windows w
      JOIN table_inventory t ON t.id = w.table_id
     WHERE w.table_id = ANY (v_ids)
       AND w.hold_window && v_window
       AND w.booking_id IS DISTINCT FROM p_booking_id
       AND w.expires_at > clock_timestamp()
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Hold conflict prevents assignment for booking %', p_booking_id
            USING ERRCODE = 'P0001',
                  DETAIL = format('Table %s is held by %s until %s',
                                  v_table.table_number, v_table.hold_id, v_table.expires_at AT TIME ZONE 'UTC');
    END IF;

    -- 10. the slot
    v_slot := get_or_create_booking_slot(v_booking.restaurant_id, v_booking.booking_date, v_booking.start_time);

    -- 11. allocations; the shadow of its own hold becomes the real one
    BEGIN
        IF v_count > 1 THEN
            INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window", created_by)
            VALUES (p_booking_id, 'merge_group', md5(array_to_string(v_ids, ','))::uuid, v_booking.restaurant_id,
                    v_window, p_assigned_by)
            ON CONFLICT (booking_id, resource_type, resource_id) DO UPDATE
               SET "window" = excluded."window", updated_at = now()
            RETURNING id INTO v_group;
        END IF;
        INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window", created_by)
        SELECT p_booking_id, 'table', id, v_booking.restaurant_id, v_window, p_assigned_by
          FROM unnest(v_ids) AS id
        ON CONFLICT (booking_id, resource_type, resource_id) DO UPDATE
           SET shadow = false, "window" = excluded."window", created_by = excluded.created_by, updated_at = now();
    EXCEPTION WHEN exclusion_violation THEN
        GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME, v_detail = PG_EXCEPTION_DETAIL;
        IF v_constraint <> 'allocations_no_overlap' THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'allocations_no_overlap'
            USING ERRCODE = 'P0001', CONSTRAINT = v_constraint, DETAIL = 'Resource taken: ' || v_detail;
    END;

    -- 12. assignments
    WITH made AS (
        INSERT INTO booking_table_assignments
               (booking_id, table_id, slot_id, assigned_by, idempotency_key, start_at, end_at, allocation_id,
                merge_group_id)
        SELECT p_booking_id, l.resource_id, v_slot, p_assigned_by, p_idempotency_key, v_start, v_end, l.id, v_group
          FROM allocations l
         WHERE l.booking_id = p_booking_id AND l.resource_type = 'table' AND l.resource_id = ANY (v_ids)
         ORDER BY l.resource_id
        ON CONFLICT (booking_id, table_id) DO NOTHING
        RETURNING table_id
    )
    SELECT array_agg(m.table_id) INTO v_made FROM made m;
    IF cardinality(v_made) IS DISTINCT FROM v_count THEN
        SELECT t.table_number INTO v_lonely
          FROM table_inventory t
         WHERE t.id = ANY (v_ids) AND t.id <> ALL (coalesce(v_made, '{}'))
         ORDER BY t.table_number
         LIMIT 1;
        RAISE EXCEPTION 'assign_tables_atomic_v2 assignment duplicate for table %', v_lonely USING ERRCODE = 'P0001';
    END IF;

    -- 13. the tables' status
    PERFORM refresh_table_status(id) FROM unnest(v_ids) AS id;

    -- 14. the ledger
    IF p_idempotency_key IS NOT NULL THEN
        INSERT INTO booking_assignment_idempotency
               (booking_id, idempotency_key, table_ids, assignment_window, merge_group_allocation_id, table_set_hash)
        VALUES (p_booking_id, p_idempotency_key, v_ids, v_window, v_group, v_hash);
    END IF;

    -- 15. the party fits
    IF current_setting('app.capacity.post_assignment.enabled', true) IS DISTINCT FROM 'off' THEN
        PERFORM validate_booking_capacity_after_assignment(p_booking_id);
    END IF;

    RETURN QUERY SELECT id, v_start, v_end, v_group FROM unnest(v_ids) AS id;
END
$$;
