-- Takes tables from a booking and leaves the rest: zone lock, ledger, confirmation result, merge group, status.
CREATE FUNCTION unassign_tables_atomic(p_booking_id uuid, p_table_ids uuid[] DEFAULT NULL) RETURNS TABLE (table_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_ids uuid[];
BEGIN
    v_ids := ARRAY(
        SELECT a.table_id
          FROM booking_table_assignments a
         WHERE a.booking_id = p_booking_id AND (p_table_ids IS NULL OR a.table_id = ANY (p_table_ids)));
    DELETE FROM booking_table_assignments a WHERE a.booking_id = p_booking_id AND a.table_id = ANY (v_ids);
    DELETE FROM allocations l
     WHERE l.booking_id = p_booking_id AND l.resource_type = 'table' AND l.resource_id = ANY (v_ids);
    UPDATE table_inventory t SET status = 'available', updated_at = now() WHERE t.id = ANY (v_ids);
    RETURN QUERY SELECT x FROM unnest(v_ids) AS x;
END
$$;
