-- Known pathologies that are switched on here, and what is needed to switch them off again. No part of the platform.
CREATE TABLE slotfill_faults (
    name text PRIMARY KEY,
    value text NOT NULL,
    seed bigint NOT NULL,
    -- The local day on which rows are planted.
    day date NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);

-- Rows a fault put into the platform's tables: switched off, it takes exactly these back, and never what fills made of
-- them meanwhile. For a column of somebody else's row, or a row without an id, what it belongs to: `bookings.zone`, `ledger`.
CREATE TABLE slotfill_planted (
    fault text NOT NULL,
    relation text NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (fault, relation, id)
);

-- Places of functions a fault changed. Undone one by one, not by installing the function anew: another fault may have
-- changed another place of the same function, and stays on.
CREATE TABLE slotfill_edits (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fault text NOT NULL,
    function text NOT NULL,
    was text NOT NULL,
    becomes text NOT NULL
);

-- Puts one text of a function in another's place; refused when it is not there exactly once, so that a fault never
-- believes it is on in a function that was rewritten meanwhile.
CREATE OR REPLACE FUNCTION slotfill_swap(p_function text, p_was text, p_becomes text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_text text := pg_get_functiondef(p_function::regproc);
    v_found integer := (length(v_text) - length(replace(v_text, p_was, ''))) / length(p_was);
BEGIN
    IF v_found <> 1 THEN
        RAISE EXCEPTION 'function % has the text to be replaced % times, not once', p_function, v_found
            USING DETAIL = p_was, HINT = 'The database was made by another version; start in a fresh one.';
    END IF;
    EXECUTE replace(v_text, p_was, p_becomes);
END
$$;

-- As slotfill_swap, and noted, so that slotfill_off finds the way back.
CREATE OR REPLACE FUNCTION slotfill_edit(p_fault text, p_function text, p_was text, p_becomes text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Else the way back would not be plain.
    IF position(p_becomes IN pg_get_functiondef(p_function::regproc)) > 0 THEN
        RAISE EXCEPTION 'function % has the new text already', p_function USING DETAIL = p_becomes;
    END IF;
    PERFORM slotfill_swap(p_function, p_was, p_becomes);
    INSERT INTO slotfill_edits (fault, function, was, becomes) VALUES (p_fault, p_function, p_was, p_becomes);
END
$$;

-- Takes back what a fault changed: its triggers, which are called slotfill_fault_<name>, its places in functions, its
-- planted rows. Tables without such a trigger are not locked. Nothing happens for a fault that is not on.
CREATE OR REPLACE FUNCTION slotfill_off(p_fault text) RETURNS void
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_name text := 'slotfill_fault_' || replace(p_fault, '-', '_');
    v_trigger record;
    v_edit record;
    v_hold uuid;
BEGIN
    FOR v_trigger IN
        SELECT t.tgrelid::regclass AS relation FROM pg_trigger t WHERE t.tgname = v_name AND NOT t.tgisinternal
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', v_name, v_trigger.relation);
    END LOOP;
    EXECUTE format('DROP FUNCTION IF EXISTS %I()', v_name);

    FOR v_edit IN SELECT e.* FROM slotfill_edits e WHERE e.fault = p_fault ORDER BY e.id DESC LOOP
        PERFORM slotfill_swap(v_edit.function, v_edit.becomes, v_edit.was);
        DELETE FROM slotfill_edits e WHERE e.id = v_edit.id;
    END LOOP;

    FOR v_hold IN SELECT p.id FROM slotfill_planted p WHERE p.fault = p_fault AND p.relation = 'table_holds' LOOP
        DELETE FROM table_hold_members m WHERE m.hold_id = v_hold;
        DELETE FROM table_holds h WHERE h.id = v_hold;
    END LOOP;
    DELETE FROM allocations a
     USING slotfill_planted p WHERE p.fault = p_fault AND p.relation = 'allocations' AND p.id = a.id;
    -- Their assignments and allocations go with them.
    DELETE FROM bookings b
     USING slotfill_planted p WHERE p.fault = p_fault AND p.relation = 'bookings' AND p.id = b.id;
    DELETE FROM customers c
     USING slotfill_planted p WHERE p.fault = p_fault AND p.relation = 'customers' AND p.id = c.id;
    DELETE FROM slotfill_planted p WHERE p.fault = p_fault;
END
$$;

-- Where a thing stands in a fault's draw, from 0 up to 1: by its id, the seed and the fault's name alone, so that it
-- does not matter who comes first, and two faults do not always choose the same.
CREATE OR REPLACE FUNCTION slotfill_draw(p_fault text, p_seed bigint, p_id uuid) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || left(md5(p_fault || '/' || p_seed || '/' || p_id), 8))::bit(32)::bigint / 4294967296.0::double precision
$$;

-- Whether a thing is in the share that is a fault's value.
CREATE OR REPLACE FUNCTION slotfill_chosen(p_fault text, p_id uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT slotfill_draw(f.name, f.seed, p_id) < f.value::double precision
      FROM slotfill_faults f
     WHERE f.name = p_fault
$$;

-- The tables a fault plants rows on, and its day there. Of every restaurant its share, one table at least.
CREATE OR REPLACE FUNCTION slotfill_tables(p_fault text)
RETURNS TABLE (table_id uuid, restaurant_id uuid, zone_id uuid, timezone text, day date, whole_day tstzrange)
LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT t.id, t.restaurant_id, t.zone_id, t.timezone, t.day,
           tstzrange(t.day::timestamp AT TIME ZONE t.timezone, (t.day + 1)::timestamp AT TIME ZONE t.timezone)
      FROM (
            SELECT i.id, i.restaurant_id, i.zone_id, r.timezone, f.day, f.value::double precision AS share,
                   row_number() OVER (
                       PARTITION BY i.restaurant_id ORDER BY slotfill_draw(f.name, f.seed, i.id)) AS place,
                   count(*) OVER (PARTITION BY i.restaurant_id) AS tables
              FROM slotfill_faults f
             CROSS JOIN table_inventory i
              JOIN restaurants r ON r.id = i.restaurant_id
             WHERE f.name = p_fault AND i.active
           ) t
     WHERE t.place <= ceil(t.tables * t.share)
$$;

-- A hold a fault plants on one table.
CREATE OR REPLACE FUNCTION slotfill_hold(
    p_fault text, p_table_id uuid, p_window tstzrange, p_expires_at timestamptz, p_created_at timestamptz
) RETURNS uuid
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_id uuid;
BEGIN
    INSERT INTO table_holds (restaurant_id, zone_id, start_at, end_at, expires_at, created_at, last_touched_at, metadata)
    SELECT t.restaurant_id, t.zone_id, lower(p_window), upper(p_window), p_expires_at, p_created_at, p_created_at, '{}'
      FROM table_inventory t
     WHERE t.id = p_table_id
    RETURNING id INTO v_id;
    INSERT INTO table_hold_members (hold_id, table_id) VALUES (v_id, p_table_id);
    INSERT INTO slotfill_planted (fault, relation, id) VALUES (p_fault, 'table_holds', v_id);
    RETURN v_id;
END
$$;

-- A guest of a restaurant for bookings that a fault plants; one each.
CREATE OR REPLACE FUNCTION slotfill_guest(p_fault text, p_restaurant_id uuid) RETURNS uuid
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_id uuid := md5(format('slotfill_fault/%s/%s', p_fault, p_restaurant_id))::uuid;
BEGIN
    INSERT INTO customers (id, restaurant_id, full_name, email, phone)
    VALUES (v_id, p_restaurant_id, 'Planted by ' || p_fault, p_fault || '@fault.example',
            '+00' || translate(left(md5(p_fault), 12), 'abcdef', '012345'))
    ON CONFLICT (id) DO NOTHING;
    INSERT INTO slotfill_planted (fault, relation, id) VALUES (p_fault, 'customers', v_id) ON CONFLICT DO NOTHING;
    RETURN v_id;
END
$$;

-- A booking a fault plants; without tables yet.
CREATE OR REPLACE FUNCTION slotfill_booking(
    p_fault text, p_restaurant_id uuid, p_day date, p_from time, p_until time, p_status booking_status
) RETURNS uuid
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    v_id uuid := gen_random_uuid();
    v_finished timestamptz := CASE WHEN p_status = 'completed' THEN now() END;
    v_guest uuid := slotfill_guest(p_fault, p_restaurant_id);
BEGIN
    INSERT INTO bookings (id, restaurant_id, customer_id, booking_date, start_time, end_time, party_size, status,
                          booking_type, customer_name, customer_email, customer_phone, reference, source,
                          checked_in_at, checked_out_at)
    SELECT v_id, p_restaurant_id, c.id, p_day, p_from, p_until, 1, p_status,
           (SELECT o.key FROM booking_occasions o ORDER BY o.key LIMIT 1), c.full_name, c.email, c.phone, '',
           'slotfill_fault', v_finished, v_finished
      FROM customers c
     WHERE c.id = v_guest;
    INSERT INTO slotfill_planted (fault, relation, id) VALUES (p_fault, 'bookings', v_id);
    RETURN v_id;
END
$$;
