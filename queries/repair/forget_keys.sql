-- Forgets the idempotency keys of bookings that have no tables any more: their ledger would refuse the same tables under
-- another key, and answer the same key with success and no rows.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
WITH results AS (
  DELETE FROM booking_confirmation_results c
   WHERE c.booking_id = ANY ($1::uuid[])
     AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = c.booking_id)
)
DELETE FROM booking_assignment_idempotency i
 WHERE i.booking_id = ANY ($1::uuid[])
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = i.booking_id)
RETURNING i.booking_id AS id
