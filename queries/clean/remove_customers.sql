-- Removes guests.
-- params: $1 keys text[]
DELETE FROM customers t
 WHERE t.id = ANY ($1::text[]::uuid[])
