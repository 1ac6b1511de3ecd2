-- Sets a table's status from what takes it now. Writes only a status that changes: an UPDATE that changes nothing would
-- still lock the table's row.
CREATE OR REPLACE FUNCTION refresh_table_status(p_table_id uuid) RETURNS void
LANGUAGE sql AS $$
    UPDATE table_inventory t
       SET status = s.status, updated_at = now()
      FROM (
            SELECT CASE
                       WHEN bool_or(b.status = 'checked_in') THEN 'occupied'
                       WHEN count(*) > 0 THEN 'reserved'
                       ELSE 'available'
                   END::table_status AS status
              FROM allocations a
              JOIN table_inventory i ON i.id = p_table_id
              LEFT JOIN bookings b ON b.id = a.booking_id
             WHERE NOT a.shadow
               AND a.restaurant_id = i.restaurant_id
               AND a.resource_type = 'table'
               AND a.resource_id = p_table_id
               AND a."window" @> now()
               AND (b.id IS NULL OR b.status NOT IN ('cancelled', 'completed', 'no_show'))
           ) s
     WHERE t.id = p_table_id
       AND t.status <> 'out_of_service'
       AND t.status <> s.status
$$;

CREATE OR REPLACE FUNCTION booking_status_refresh() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_table_status(a.table_id)
       FROM (SELECT t.table_id FROM booking_table_assignments t WHERE t.booking_id = NEW.id ORDER BY t.table_id) a;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER trg_booking_status_refresh
    AFTER UPDATE OF status ON bookings
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION booking_status_refresh();
