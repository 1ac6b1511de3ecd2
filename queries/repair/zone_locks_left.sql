-- How many pending bookings of a day, or of every day, without tables are locked to a zone.
-- params: $1 restaurants uuid[], $2 day date
-- returns: Counted
-- since: 15
SELECT count(*) AS count
  FROM bookings b
 WHERE b.restaurant_id = ANY ($1::uuid[])
   AND ($2::date IS NULL OR b.booking_date = $2::date)
   AND b.status::text = 'pending'
   AND b.assigned_zone_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
