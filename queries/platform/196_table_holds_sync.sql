-- A hold that moves takes its windows along; a hold that goes lets its members go first, while they can still see it:
-- left to the cascade alone its shadow allocations would stay.
CREATE OR REPLACE FUNCTION table_holds_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE allocations a
       SET booking_id = NEW.booking_id, "window" = tstzrange(NEW.start_at, NEW.end_at, '[)'), updated_at = now()
      FROM table_hold_windows w
     WHERE w.hold_id = NEW.id
       AND a.shadow
       AND a.resource_type = 'table'
       AND a.resource_id = w.table_id
       AND a.booking_id IS NOT DISTINCT FROM w.booking_id
       AND a."window" = w.hold_window;
    UPDATE table_hold_windows
       SET booking_id = NEW.booking_id,
           start_at = NEW.start_at,
           end_at = NEW.end_at,
           expires_at = NEW.expires_at,
           updated_at = now()
     WHERE hold_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER table_holds_moved
    AFTER UPDATE OF booking_id, start_at, end_at, expires_at ON table_holds
    FOR EACH ROW EXECUTE FUNCTION table_holds_moved();

CREATE OR REPLACE FUNCTION table_holds_gone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM table_hold_members WHERE hold_id = OLD.id;
    RETURN OLD;
END
$$;

CREATE OR REPLACE TRIGGER table_holds_gone
    BEFORE DELETE ON table_holds
    FOR EACH ROW EXECUTE FUNCTION table_holds_gone();
