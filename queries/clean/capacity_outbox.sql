-- Events for others: of bookings that go all, of those that are put back what tells of the run's confirmations.
-- params: $1 gone uuid[], $2 back uuid[], $3 prefix text, $4 holds uuid[]
-- returns: CleanRow
SELECT o.id::text AS key
  FROM capacity_outbox o
 WHERE o.booking_id = ANY ($1::uuid[])
    OR (o.booking_id = ANY ($2::uuid[])
        AND (starts_with(o.idempotency_key, $3::text)
             OR o.payload ->> 'holdId' = ANY ($4::uuid[]::text[])))
 ORDER BY o.id
