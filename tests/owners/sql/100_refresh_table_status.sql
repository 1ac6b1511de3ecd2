-- A table's status, written whether it changes or not: the row is locked each time, by a hold as well.
CREATE FUNCTION refresh_table_status(p_table_id uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_taken boolean;
    v_seated boolean;
BEGIN
    SELECT count(*) > 0, coalesce(bool_or(b.status = 'checked_in'), false)
      INTO v_taken, v_seated
      FROM allocations a
      LEFT JOIN bookings b ON b.id = a.booking_id
     WHERE a.resource_type = 'table'
       AND a.resource_id = p_table_id
       AND NOT a.shadow
       AND a."window" @> now();
    UPDATE table_inventory t
       SET status = CASE
                        WHEN t.status = 'out_of_service' THEN t.status
                        WHEN v_seated THEN 'occupied'
                        WHEN v_taken THEN 'reserved'
                        ELSE 'available'
                    END,
           updated_at = now()
     WHERE t.id = p_table_id;
END
$$;

CREATE FUNCTION allocations_refresh() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.resource_type = 'table' THEN
        PERFORM refresh_table_status(OLD.resource_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.resource_type = 'table' THEN
        PERFORM refresh_table_status(NEW.resource_id);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER trg_allocations_refresh
    AFTER INSERT OR UPDATE OR DELETE ON allocations
    FOR EACH ROW EXECUTE FUNCTION allocations_refresh();

CREATE FUNCTION booking_status_refresh() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_table_status(a.table_id) FROM booking_table_assignments a WHERE a.booking_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER trg_booking_status_refresh
    AFTER UPDATE OF status ON bookings
    FOR EACH ROW EXECUTE FUNCTION booking_status_refresh();
