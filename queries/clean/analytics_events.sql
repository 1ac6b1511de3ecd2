-- What guests did who have such a booking, or are such.
-- params: $1 bookings uuid[], $2 customers text[]
-- returns: CleanRow
SELECT e.id::text AS key
  FROM analytics_events e
 WHERE e.booking_id = ANY ($1::uuid[])
    OR e.customer_id = ANY ($2::text[]::uuid[])
 ORDER BY e.id
