-- How many pending bookings without tables any of these holds stands in the way of.
-- params: $1 holds uuid[]
-- returns: Counted
-- since: 15
SELECT count(DISTINCT b.id) AS count
  FROM table_holds h
  JOIN bookings b
    ON b.restaurant_id = h.restaurant_id
   AND b.booking_date BETWEEN (h.start_at AT TIME ZONE 'UTC')::date - 1 AND (h.end_at AT TIME ZONE 'UTC')::date + 1
   AND b.start_at < h.end_at
   AND b.end_at > h.start_at
 WHERE h.id = ANY ($1::uuid[])
   AND b.status::text = 'pending'
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
   AND EXISTS (SELECT FROM table_hold_members m WHERE m.hold_id = h.id)
