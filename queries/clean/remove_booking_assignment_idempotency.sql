-- Removes keys from the ledger of assignments.
-- params: $1 keys text[]
DELETE FROM booking_assignment_idempotency t
 WHERE t.booking_id || '/' || t.idempotency_key = ANY ($1::text[])
