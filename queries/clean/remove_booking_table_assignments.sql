-- Removes assignments.
-- params: $1 keys text[]
DELETE FROM booking_table_assignments t
 WHERE t.id = ANY ($1::text[]::uuid[])
