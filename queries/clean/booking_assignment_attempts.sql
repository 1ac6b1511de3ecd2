-- Attempts to give bookings tables.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT t.id::text AS key
  FROM booking_assignment_attempts t
 WHERE t.booking_id = ANY ($1::uuid[])
 ORDER BY t.id
