-- Removes attempts to give bookings tables.
-- params: $1 keys text[]
DELETE FROM booking_assignment_attempts t
 WHERE t.id::text = ANY ($1::text[])
