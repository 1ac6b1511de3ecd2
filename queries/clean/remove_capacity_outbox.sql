-- Removes events for others.
-- params: $1 keys text[]
DELETE FROM capacity_outbox t
 WHERE t.id = ANY ($1::text[]::uuid[])
