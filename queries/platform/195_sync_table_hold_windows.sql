-- Keeps a hold's windows and shadow allocations in step with its members. Once a statement, not once a row: the tables
-- are then taken in the order of their ids, and two holds of the same tables cannot wait for each other.
CREATE OR REPLACE FUNCTION sync_table_hold_windows() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_wanted record;
    v_other tstzrange;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR v_wanted IN
            SELECT h.id, m.table_id, h.restaurant_id, h.booking_id, h.start_at, h.end_at, h.expires_at
              FROM members m
              JOIN table_holds h ON h.id = m.hold_id
             ORDER BY m.table_id
        LOOP
            LOOP
                -- Never a plain INSERT: that enters its row and then looks for others, so of two at the same moment
                -- each finds the other's, waits for it, and only the deadlock detector ends that. ON CONFLICT looks
                -- first and lets one of two step back. And no table before the one in hand is had: skipping one and
                -- coming back to it would turn the order round.
                INSERT INTO table_hold_windows
                       (hold_id, table_id, restaurant_id, booking_id, start_at, end_at, expires_at)
                VALUES (v_wanted.id, v_wanted.table_id, v_wanted.restaurant_id, v_wanted.booking_id,
                        v_wanted.start_at, v_wanted.end_at, v_wanted.expires_at)
                    ON CONFLICT DO NOTHING;
                EXIT WHEN FOUND;
                SELECT w.hold_window
                  INTO v_other
                  FROM table_hold_windows w
                 WHERE w.table_id = v_wanted.table_id
                   AND w.hold_window && tstzrange(v_wanted.start_at, v_wanted.end_at, '[)')
                 LIMIT 1;
                IF FOUND THEN
                    -- The refusal in the constraint's own words.
                    RAISE EXCEPTION 'conflicting key value violates exclusion constraint "thw_no_overlap"'
                        USING ERRCODE = 'exclusion_violation',
                              CONSTRAINT = 'thw_no_overlap',
                              TABLE = 'table_hold_windows',
                              SCHEMA = 'public',
                              DETAIL = format(
                                  'Key (table_id, hold_window)=(%s, %s) conflicts with existing key '
                                  '(table_id, hold_window)=(%s, %s).',
                                  v_wanted.table_id,
                                  tstzrange(v_wanted.start_at, v_wanted.end_at, '[)'),
                                  v_wanted.table_id,
                                  v_other
                              );
                END IF;
                -- The one it lost to is gone again: try once more.
            END LOOP;
        END LOOP;
        INSERT INTO allocations (booking_id, resource_type, resource_id, shadow, restaurant_id, "window", created_by)
        SELECT h.booking_id, 'table', m.table_id, true, h.restaurant_id, tstzrange(h.start_at, h.end_at, '[)'), h.created_by
          FROM members m
          JOIN table_holds h ON h.id = m.hold_id
         ORDER BY m.table_id
        -- A table that the booking already has stays really allocated.
        ON CONFLICT (booking_id, resource_type, resource_id) DO UPDATE
           SET "window" = excluded."window", updated_at = now()
         WHERE allocations.shadow;
    ELSE
        DELETE FROM allocations a
         USING members m, table_hold_windows w
         WHERE w.hold_id = m.hold_id
           AND w.table_id = m.table_id
           AND a.shadow
           AND a.resource_type = 'table'
           AND a.resource_id = m.table_id
           AND a.booking_id IS NOT DISTINCT FROM w.booking_id
           AND a."window" = w.hold_window;
        DELETE FROM table_hold_windows w
         USING members m
         WHERE w.hold_id = m.hold_id
           AND w.table_id = m.table_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER table_hold_members_sync_insert
    AFTER INSERT ON table_hold_members
    REFERENCING NEW TABLE AS members
    FOR EACH STATEMENT EXECUTE FUNCTION sync_table_hold_windows();

CREATE OR REPLACE TRIGGER table_hold_members_sync_delete
    AFTER DELETE ON table_hold_members
    REFERENCING OLD TABLE AS members
    FOR EACH STATEMENT EXECUTE FUNCTION sync_table_hold_windows();
