-- Takes tables from a booking, all of them by default, with everything that kept them: allocations, a merge group that is
-- none any more, and, when nothing is left, the zone lock. The ledger stays: a used key remains used.
CREATE OR REPLACE FUNCTION unassign_tables_atomic(p_booking_id uuid, p_table_ids uuid[] DEFAULT NULL) RETURNS TABLE (table_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
BEGIN
    PERFORM FROM bookings b WHERE b.id = p_booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM table_inventory t
      WHERE t.id IN (
                SELECT a.table_id
                  FROM booking_table_assignments a
                 WHERE a.booking_id = p_booking_id AND (p_table_ids IS NULL OR a.table_id = ANY (p_table_ids))
            )
      ORDER BY t.id
        FOR NO KEY UPDATE;

    WITH gone AS (
        DELETE FROM booking_table_assignments a
         WHERE a.booking_id = p_booking_id AND (p_table_ids IS NULL OR a.table_id = ANY (p_table_ids))
        RETURNING a.table_id
    )
    SELECT array_agg(g.table_id ORDER BY g.table_id) INTO v_ids FROM gone g;

    IF v_ids IS NOT NULL THEN
        -- What its own hold still claims goes back to being that hold's shadow.
        UPDATE allocations l
           SET shadow = true, "window" = w.hold_window, updated_at = now()
          FROM table_hold_windows w
         WHERE l.booking_id = p_booking_id
           AND l.resource_type = 'table'
           AND l.resource_id = ANY (v_ids)
           AND w.booking_id = p_booking_id
           AND w.table_id = l.resource_id;
        DELETE FROM allocations l
         WHERE l.booking_id = p_booking_id
           AND l.resource_type = 'table'
           AND l.resource_id = ANY (v_ids)
           AND NOT l.shadow;
        DELETE FROM allocations l
         WHERE l.booking_id = p_booking_id
           AND l.resource_type = 'merge_group'
           AND (SELECT count(*) FROM booking_table_assignments a WHERE a.merge_group_id = l.id) < 2;
        PERFORM refresh_table_status(id) FROM unnest(v_ids) AS id;
    END IF;

    -- Also for a booking that had none: this is what heals a lock that an earlier reset left behind.
    UPDATE bookings b
       SET assigned_zone_id = NULL, updated_at = now()
     WHERE b.id = p_booking_id
       AND b.assigned_zone_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = p_booking_id);

    RETURN QUERY SELECT id FROM unnest(v_ids) AS id;
END
$$;
