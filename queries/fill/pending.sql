-- A day's bookings that wait for tables, in the order of their start; and how each stands, to be put back so one day.
-- params: $1 restaurants uuid[], $2 day date
-- returns: PendingRow
SELECT b.id AS booking_id,
       b.restaurant_id AS restaurant_id,
       b.booking_date AS "on",
       b.start_time AS at,
       b.party_size AS party,
       b.status::text AS status,
       b.assigned_zone_id AS zone_id,
       ARRAY(SELECT h.id FROM table_holds h WHERE h.booking_id = b.id ORDER BY h.id) AS holds
  FROM bookings b
 WHERE b.restaurant_id = ANY ($1::uuid[])
   AND b.booking_date = $2::date
   AND b.status = 'pending'
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
 ORDER BY b.start_time, b.id
