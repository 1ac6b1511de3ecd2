-- Removes what guests did.
-- params: $1 keys text[]
DELETE FROM analytics_events t
 WHERE t.id = ANY ($1::text[]::uuid[])
