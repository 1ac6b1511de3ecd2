-- Real allocations without an assignment lie on a share of the tables, of a booking that was cancelled. The planner does not
-- read allocations: it quotes these tables, and the confirm is refused.
DO $do$
DECLARE
    v_table record;
    v_restaurant uuid;
    v_booking uuid;
BEGIN
    FOR v_table IN
        SELECT t.*, g.gap
          FROM slotfill_tables('stale-allocations') t
         -- What is really taken stays so: the longest time that is left.
         CROSS JOIN LATERAL (
                   SELECT gap
                     FROM unnest(
                              tstzmultirange(t.whole_day) - coalesce(
                                  (SELECT range_agg(a."window")
                                     FROM allocations a
                                    WHERE NOT a.shadow
                                      AND a.restaurant_id = t.restaurant_id
                                      AND a.resource_type = 'table'
                                      AND a.resource_id = t.table_id),
                                  '{}')) AS gap
                    ORDER BY upper(gap) - lower(gap) DESC
                    LIMIT 1
               ) g
         ORDER BY t.restaurant_id, t.table_id
    LOOP
        IF v_restaurant IS DISTINCT FROM v_table.restaurant_id THEN
            v_restaurant := v_table.restaurant_id;
            v_booking := slotfill_booking('stale-allocations', v_restaurant, v_table.day, '12:00', '14:00', 'cancelled');
        END IF;
        INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window")
        VALUES (v_booking, 'table', v_table.table_id, v_table.restaurant_id, v_table.gap);
    END LOOP;
END
$do$;
