-- Removes bookings.
-- params: $1 keys text[]
DELETE FROM bookings t
 WHERE t.id = ANY ($1::text[]::uuid[])
