-- Whether a table can be given to somebody from one instant to another. Asks all that could refuse it: what it is, its
-- assignments, its allocations, and the holds that have not expired.
CREATE OR REPLACE FUNCTION is_table_available_v2(
    p_table_id uuid,
    p_start_at timestamptz,
    p_end_at timestamptz,
    p_exclude_booking_id uuid DEFAULT NULL
) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT EXISTS (
               SELECT
                 FROM table_inventory t
                WHERE t.id = p_table_id AND t.active AND t.status <> 'out_of_service'
           )
       AND NOT EXISTS (
               SELECT
                 FROM booking_table_assignments a
                WHERE a.table_id = p_table_id
                  AND a.assignment_window && tstzrange(p_start_at, p_end_at, '[)')
                  AND a.booking_id IS DISTINCT FROM p_exclude_booking_id
           )
       AND NOT EXISTS (
               SELECT
                 FROM allocations l
                 JOIN table_inventory t ON t.id = l.resource_id AND t.restaurant_id = l.restaurant_id
                WHERE l.resource_type = 'table'
                  AND l.resource_id = p_table_id
                  AND NOT l.shadow
                  AND l."window" && tstzrange(p_start_at, p_end_at, '[)')
                  AND (p_exclude_booking_id IS NULL OR l.booking_id IS DISTINCT FROM p_exclude_booking_id)
           )
       AND NOT EXISTS (
               SELECT
                 FROM table_hold_windows w
                WHERE w.table_id = p_table_id
                  AND w.hold_window && tstzrange(p_start_at, p_end_at, '[)')
                  AND w.expires_at > clock_timestamp()
                  AND (p_exclude_booking_id IS NULL OR w.booking_id IS DISTINCT FROM p_exclude_booking_id)
           )
$$;
