-- assign_tables_atomic_v2 for those who have one table, or several that are to stand together. All seven arguments are
-- passed on: on the platform these two pass five, and with its second overload no such call can be told apart.
CREATE OR REPLACE FUNCTION assign_single_table(
    p_booking_id uuid,
    p_table_id uuid,
    p_idempotency_key text DEFAULT NULL,
    p_assigned_by uuid DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
      FROM assign_tables_atomic_v2(p_booking_id, ARRAY[p_table_id], p_idempotency_key, false, p_assigned_by,
                                   NULL, NULL) a
$$;

CREATE OR REPLACE FUNCTION assign_merged_tables(
    p_booking_id uuid,
    p_table_ids uuid[],
    p_idempotency_key text DEFAULT NULL,
    p_require_adjacency boolean DEFAULT true,
    p_assigned_by uuid DEFAULT NULL
) RETURNS TABLE (table_id uuid, start_at timestamptz, end_at timestamptz, merge_group_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT a.table_id, a.start_at, a.end_at, a.merge_group_id
      FROM assign_tables_atomic_v2(p_booking_id, p_table_ids, p_idempotency_key, p_require_adjacency, p_assigned_by,
                                   NULL, NULL) a
$$;
