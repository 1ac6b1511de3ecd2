-- Every booking that a run speaks of, and every one that speaks of the run: by its tag, its key, or a key its tables have.
-- params: $1 run text, $2 prefix text, $3 bookings uuid[], $4 keys text[]
-- returns: VerifyBooking
-- since: 14
SELECT b.id AS booking_id,
       b.status::text AS status,
       coalesce(b.idempotency_key, '') AS key,
       b.party_size AS party,
       CASE WHEN b.details #>> '{slotfill,run}' = $1::text THEN (b.details #>> '{slotfill,attempt}')::int END AS attempt,
       b.start_at AS starts,
       coalesce(b.details #>> '{slotfill,run}' = $1::text, false)
         OR coalesce(starts_with(b.idempotency_key, $2::text), false)
         OR b.id IN (SELECT a.booking_id
                       FROM booking_table_assignments a
                      WHERE starts_with(a.idempotency_key, $2::text)) AS ours
  FROM bookings b
 WHERE b.id = ANY ($3::uuid[])
    OR b.idempotency_key = ANY ($4::text[])
    OR b.details #>> '{slotfill,run}' = $1::text
    OR starts_with(b.idempotency_key, $2::text)
    OR b.id IN (SELECT a.booking_id
                  FROM booking_table_assignments a
                 WHERE starts_with(a.idempotency_key, $2::text))
 ORDER BY b.id
