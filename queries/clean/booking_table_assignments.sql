-- The assignments of bookings.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT a.id::text AS key
  FROM booking_table_assignments a
 WHERE a.booking_id = ANY ($1::uuid[])
 ORDER BY a.id
