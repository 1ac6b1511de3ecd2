-- Moves allocations that ended before the cutoff to the archive, oldest first, p_limit of them at most. Rows that
-- somebody works on are left for the next time.
CREATE OR REPLACE FUNCTION prune_allocations_history(p_cutoff timestamptz, p_limit integer DEFAULT 500)
RETURNS TABLE (archived_count integer, deleted_count integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_ids uuid[];
BEGIN
    SELECT array_agg(old.id) INTO v_ids
      FROM (
            SELECT l.id
              FROM allocations l
             WHERE upper(l."window") < p_cutoff
             ORDER BY upper(l."window"), l.id
             LIMIT p_limit
               FOR UPDATE SKIP LOCKED
           ) old;
    INSERT INTO allocations_archive
           (id, booking_id, resource_type, resource_id, shadow, restaurant_id, "window", created_by, is_maintenance,
            created_at, updated_at)
    SELECT l.id, l.booking_id, l.resource_type, l.resource_id, l.shadow, l.restaurant_id, l."window", l.created_by,
           l.is_maintenance, l.created_at, l.updated_at
      FROM allocations l
     WHERE l.id = ANY (v_ids)
    -- Somebody put it back, and here it ends again: once in the archive is enough.
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS archived_count = ROW_COUNT;
    DELETE FROM allocations l WHERE l.id = ANY (v_ids);
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    RETURN NEXT;
END
$$;
