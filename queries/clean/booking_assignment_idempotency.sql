-- Keys in the ledger of assignments: of bookings that go all, of those that are put back the run's own, and those that
-- one of its holds was confirmed with.
-- params: $1 gone uuid[], $2 back uuid[], $3 prefix text, $4 results text[]
-- returns: CleanRow
SELECT i.booking_id || '/' || i.idempotency_key AS key
  FROM booking_assignment_idempotency i
 WHERE i.booking_id = ANY ($1::uuid[])
    OR (i.booking_id = ANY ($2::uuid[])
        AND (starts_with(i.idempotency_key, $3::text)
             OR i.booking_id || '/' || i.idempotency_key = ANY ($4::text[])))
 ORDER BY 1
