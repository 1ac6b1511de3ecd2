-- Removes what the platform said.
-- params: $1 keys text[]
DELETE FROM observability_events t
 WHERE t.id = ANY ($1::text[]::uuid[])
