-- What takes tables: all of bookings that go, what the assignments and the ledger's keys name, and shadows: of the run's
-- holds, and those it left of holds it had been granted for bookings that were there already and that have none any more.
-- params: $1 gone uuid[], $2 changed uuid[], $3 holds uuid[], $4 assignments text[], $5 ledger text[], $6 granted text[], $7 restaurants uuid[]
-- returns: CleanRow
-- since: 15
SELECT a.id::text AS key
  FROM allocations a
 WHERE a.booking_id = ANY ($1::uuid[])
    OR a.id IN (SELECT t.allocation_id
                  FROM booking_table_assignments t
                 WHERE t.id = ANY ($4::text[]::uuid[])
                 UNION
                SELECT t.merge_group_id
                  FROM booking_table_assignments t
                 WHERE t.id = ANY ($4::text[]::uuid[])
                 UNION
                SELECT i.merge_group_allocation_id
                  FROM booking_assignment_idempotency i
                 WHERE i.booking_id || '/' || i.idempotency_key = ANY ($5::text[]))
    OR (a.shadow
        AND a.resource_type = 'table'
        AND EXISTS (SELECT
                      FROM table_hold_windows w
                     WHERE w.hold_id = ANY ($3::uuid[])
                       AND w.table_id = a.resource_id
                       AND w.booking_id IS NOT DISTINCT FROM a.booking_id
                       AND w.hold_window = a."window"))
    OR (a.shadow
        AND a.resource_type = 'table'
        AND a.restaurant_id = ANY ($7::uuid[])
        AND a.booking_id = ANY ($2::uuid[])
        AND NOT EXISTS (SELECT
                          FROM table_hold_windows w
                         WHERE w.booking_id = a.booking_id AND w.table_id = a.resource_id)
        AND EXISTS (SELECT
                      FROM table_inventory t
                     WHERE t.id = a.resource_id
                       AND a.booking_id || '/' || t.table_number = ANY ($6::text[])))
 ORDER BY a.id
