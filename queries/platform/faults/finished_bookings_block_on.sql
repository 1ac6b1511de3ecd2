-- Cancelled and completed bookings keep their tables: no exclusion constraint asks for a booking's status.
DO $do$
DECLARE
    v_sitting record;
    v_booking uuid;
    v_allocation uuid;
BEGIN
    FOR v_sitting IN
        SELECT t.*, s.*,
               tstzrange((t.day + s.starts) AT TIME ZONE t.timezone, (t.day + s.ends) AT TIME ZONE t.timezone) AS taken
          FROM slotfill_tables('finished-bookings-block') t
         CROSS JOIN (VALUES (time '11:00', time '13:00', 'completed'::booking_status),
                            (time '13:00', time '16:00', 'cancelled'),
                            (time '16:00', time '19:00', 'completed'),
                            (time '19:00', time '23:00', 'cancelled')) AS s (starts, ends, status)
         ORDER BY t.table_id, s.starts
    LOOP
        -- What is really taken stays so.
        CONTINUE WHEN EXISTS (SELECT FROM booking_table_assignments a
                               WHERE a.table_id = v_sitting.table_id AND a.assignment_window && v_sitting.taken)
                   OR EXISTS (SELECT FROM allocations a
                               WHERE NOT a.shadow
                                 AND a.restaurant_id = v_sitting.restaurant_id
                                 AND a.resource_type = 'table'
                                 AND a.resource_id = v_sitting.table_id
                                 AND a."window" && v_sitting.taken);
        v_booking := slotfill_booking('finished-bookings-block', v_sitting.restaurant_id, v_sitting.day,
                                      v_sitting.starts, v_sitting.ends, v_sitting.status);
        INSERT INTO allocations (booking_id, resource_type, resource_id, restaurant_id, "window")
        VALUES (v_booking, 'table', v_sitting.table_id, v_sitting.restaurant_id, v_sitting.taken)
        RETURNING id INTO v_allocation;
        INSERT INTO booking_table_assignments (booking_id, table_id, start_at, end_at, allocation_id)
        VALUES (v_booking, v_sitting.table_id, lower(v_sitting.taken), upper(v_sitting.taken), v_allocation);
    END LOOP;
END
$do$;
