-- Bookings that were made with some idempotency keys, oldest first. Where the platform noted who sent the key, only the
-- sender's own: a twin that got there first is another's booking.
-- params: $1 keys text[], $2 correlations text[]
-- returns: KeyRow
SELECT w.key AS key,
       w.correlation AS correlation,
       b.id AS booking_id
  FROM unnest($1::text[], $2::text[]) AS w (key, correlation)
  JOIN bookings b
    ON b.idempotency_key = w.key
   AND coalesce(b.details #>> '{slotfill,correlation}', w.correlation) = w.correlation
 ORDER BY b.created_at, b.id
