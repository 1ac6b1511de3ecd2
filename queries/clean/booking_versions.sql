-- Bookings as they were before each change.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT t.id::text AS key
  FROM booking_versions t
 WHERE t.booking_id = ANY ($1::uuid[])
 ORDER BY t.id
