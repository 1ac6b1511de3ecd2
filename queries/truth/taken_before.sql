-- Tables that bookings have which carry no tag of the run: what was taken before it, or by others beside it.
-- params: $1 run text
-- returns: TableTaken
-- since: 14
SELECT a.booking_id AS booking_id,
       r.slug AS restaurant,
       t.table_number AS "table",
       a.start_at AS start,
       a.end_at AS "end"
  FROM booking_table_assignments a
  JOIN bookings b ON b.id = a.booking_id
  JOIN table_inventory t ON t.id = a.table_id
  JOIN restaurants r ON r.id = t.restaurant_id
 WHERE (b.details -> 'slotfill' ->> 'run') IS DISTINCT FROM $1::text
   AND a.start_at IS NOT NULL
   AND a.end_at IS NOT NULL
