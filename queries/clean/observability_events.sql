-- What the platform said of bookings.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT e.id::text AS key
  FROM observability_events e
 WHERE e.booking_id = ANY ($1::uuid[])
    OR e.context ->> 'bookingId' = ANY ($1::uuid[]::text[])
 ORDER BY e.id
