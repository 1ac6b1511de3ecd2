-- A hold that is deleted without its tables first leaves its shadow allocations: the trigger cannot see the hold any more.
-- A few went this way before opening hours.
SELECT slotfill_edit('shadow-allocations', 'table_holds_gone',
$was$    DELETE FROM table_hold_members WHERE hold_id = OLD.id;
$was$,
$becomes$    -- Its members are left to the cascade.
$becomes$);
SELECT slotfill_edit('shadow-allocations', 'sync_table_hold_windows',
$was$           AND a.shadow
           AND a.resource_type = 'table'
           AND a.resource_id = m.table_id
$was$,
$becomes$           AND a.shadow
           AND EXISTS (SELECT FROM table_holds h WHERE h.id = m.hold_id)
           AND a.resource_type = 'table'
           AND a.resource_id = m.table_id
$becomes$);

DO $do$
DECLARE
    v_table record;
    v_hold uuid;
BEGIN
    FOR v_table IN
        SELECT t.table_id, t.early
          FROM (SELECT s.table_id, tstzrange(lower(s.whole_day) + interval '3 hours', lower(s.whole_day) + interval '5 hours') AS early
                  FROM slotfill_tables('shadow-allocations') s) t
         WHERE NOT EXISTS (SELECT FROM table_hold_windows w WHERE w.table_id = t.table_id AND w.hold_window && t.early)
         ORDER BY t.table_id
    LOOP
        v_hold := slotfill_hold('shadow-allocations', v_table.table_id, v_table.early, now(), now());
        INSERT INTO slotfill_planted (fault, relation, id)
        SELECT 'shadow-allocations', 'allocations', a.id
          FROM allocations a
         WHERE a.shadow
           AND a.resource_id = v_table.table_id
           AND a.booking_id IS NULL
           AND a."window" = v_table.early;
        DELETE FROM table_holds h WHERE h.id = v_hold;
    END LOOP;
END
$do$;
