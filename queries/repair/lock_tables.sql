-- Locks the tables of these bookings in the order in which every assignment locks its own, so that neither waits for the
-- other in a circle.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
SELECT t.id AS id
  FROM table_inventory t
 WHERE t.id IN (SELECT a.table_id FROM booking_table_assignments a WHERE a.booking_id = ANY ($1::uuid[]))
 ORDER BY t.id
   FOR NO KEY UPDATE
