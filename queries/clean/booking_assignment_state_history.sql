-- Changes of the state of bookings' assignment.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT t.id::text AS key
  FROM booking_assignment_state_history t
 WHERE t.booking_id = ANY ($1::uuid[])
 ORDER BY t.id
