-- Removes what was written down of confirmed holds.
-- params: $1 keys text[]
DELETE FROM booking_confirmation_results t
 WHERE t.booking_id || '/' || t.idempotency_key = ANY ($1::text[])
