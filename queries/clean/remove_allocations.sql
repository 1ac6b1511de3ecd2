-- Removes what takes tables.
-- params: $1 keys text[]
DELETE FROM allocations t
 WHERE t.id = ANY ($1::text[]::uuid[])
