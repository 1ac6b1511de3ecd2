-- Removes changes of status.
-- params: $1 keys text[]
DELETE FROM booking_state_history t
 WHERE t.id = ANY ($1::text[]::bigint[])
