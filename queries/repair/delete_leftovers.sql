-- Deletes what is left of the allocations of bookings that have just lost their tables: merge groups, and shadows that
-- no hold casts.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
DELETE FROM allocations l
 WHERE l.booking_id = ANY ($1::uuid[])
   AND NOT l.is_maintenance
   AND CASE WHEN l.resource_type <> 'table'
            THEN NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.merge_group_id = l.id)
            ELSE NOT EXISTS (SELECT
                               FROM booking_table_assignments a
                              WHERE a.booking_id = l.booking_id AND a.table_id = l.resource_id)
                 AND NOT EXISTS (SELECT
                                   FROM table_hold_windows v
                                  WHERE v.table_id = l.resource_id AND v.booking_id = l.booking_id)
       END
RETURNING l.id AS id
