-- Bookings that somebody of the staff is choosing tables for, or was.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT DISTINCT s.booking_id::text AS key
  FROM manual_assignment_sessions s
 WHERE s.booking_id = ANY ($1::uuid[])
