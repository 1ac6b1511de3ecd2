-- What is written down of confirmed holds: of bookings that go everything, of those that are put back what the run did.
-- params: $1 gone uuid[], $2 back uuid[], $3 run text, $4 prefix text, $5 holds uuid[]
-- returns: CleanRow
SELECT r.booking_id || '/' || r.idempotency_key AS key
  FROM booking_confirmation_results r
 WHERE r.booking_id = ANY ($1::uuid[])
    OR (r.booking_id = ANY ($2::uuid[])
        AND (r.hold_id = ANY ($5::uuid[])
             OR starts_with(r.idempotency_key, $4::text)
             OR r.metadata -> 'slotfill' ->> 'run' = $3::text))
 ORDER BY 1
