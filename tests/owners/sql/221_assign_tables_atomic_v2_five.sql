-- The older overload that survives beside it and makes every shorter call ambiguous.
CREATE FUNCTION assign_tables_atomic_v2(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_idempotency_key text DEFAULT NULL,
    p_require_adjacency boolean DEFAULT false,
    p_assigned_by uuid DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
      FROM assign_tables_atomic_v2(p_booking_id, p_table_ids, p_idempotency_key, p_require_adjacency, p_assigned_by,
                                   NULL::timestamptz, NULL::timestamptz) AS a
$$;
