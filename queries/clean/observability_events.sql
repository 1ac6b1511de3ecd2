-- What the platform said of bookings, and what a run said itself.
-- params: $1 bookings uuid[], $2 run text
-- returns: CleanRow
SELECT e.id::text AS key
  FROM observability_events e
 WHERE e.booking_id = ANY ($1::uuid[])
    OR e.context ->> 'bookingId' = ANY ($1::uuid[]::text[])
    OR (e.source = 'slotfill' AND e.context ->> 'run' = $2::text)
 ORDER BY e.id
