-- Removes slots.
-- params: $1 keys text[]
DELETE FROM booking_slots t
 WHERE t.id = ANY ($1::text[]::uuid[])
