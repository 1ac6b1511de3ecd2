-- Removes versions of bookings.
-- params: $1 keys text[]
DELETE FROM booking_versions t
 WHERE t.id::text = ANY ($1::text[])
