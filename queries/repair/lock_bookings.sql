-- Locks pending bookings of a day, or of every day, that are locked to a zone. One that somebody is just assigning to is
-- left alone.
-- params: $1 restaurants uuid[], $2 day date, $3 at_most int
-- returns: LockedBooking
-- since: 15
SELECT b.id AS booking_id
  FROM bookings b
 WHERE b.restaurant_id = ANY ($1::uuid[])
   AND ($2::date IS NULL OR b.booking_date = $2::date)
   AND b.status::text = 'pending'
   AND b.assigned_zone_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
 ORDER BY b.id
 LIMIT $3::int
   FOR UPDATE SKIP LOCKED
