-- A hold's windows and shadow allocations, row by row and by a plain INSERT: of two holds of one table at one moment each
-- finds the other's row and waits for it. A table that the booking has really becomes a shadow of itself. A member whose
-- hold is gone already, as in a cascade, leaves its shadow behind.
CREATE FUNCTION sync_table_hold_windows() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_hold table_holds%ROWTYPE;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO v_hold FROM table_holds h WHERE h.id = NEW.hold_id;
        INSERT INTO table_hold_windows (hold_id, table_id, restaurant_id, booking_id, start_at, end_at, expires_at)
        VALUES (NEW.hold_id, NEW.table_id, v_hold.restaurant_id, v_hold.booking_id, v_hold.start_at, v_hold.end_at,
                v_hold.expires_at);
        INSERT INTO allocations (booking_id, resource_type, resource_id, shadow, restaurant_id, "window", created_by)
        VALUES (v_hold.booking_id, 'table', NEW.table_id, true, v_hold.restaurant_id,
                tstzrange(v_hold.start_at, v_hold.end_at, '[)'), v_hold.created_by)
        ON CONFLICT (booking_id, resource_type, resource_id) DO UPDATE
           SET shadow = true, "window" = excluded."window";
        RETURN NULL;
    END IF;
    SELECT * INTO v_hold FROM table_holds h WHERE h.id = OLD.hold_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM table_hold_windows w WHERE w.hold_id = OLD.hold_id AND w.table_id = OLD.table_id;
    DELETE FROM allocations a
     WHERE a.shadow
       AND a.resource_type = 'table'
       AND a.resource_id = OLD.table_id
       AND a.booking_id IS NOT DISTINCT FROM v_hold.booking_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER table_hold_members_windows_insert
    AFTER INSERT ON table_hold_members
    FOR EACH ROW EXECUTE FUNCTION sync_table_hold_windows();

CREATE TRIGGER table_hold_members_windows_delete
    AFTER DELETE ON table_hold_members
    FOR EACH ROW EXECUTE FUNCTION sync_table_hold_windows();
