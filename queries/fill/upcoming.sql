-- Other bookings of the day that still want tables, from the start of this one on; for the planner's look-ahead.
-- params: $1 restaurant uuid, $2 day date, $3 from time, $4 until time, $5 but uuid
-- returns: WantingRow
SELECT b.start_time AS at,
       b.party_size AS party
  FROM bookings b
 WHERE b.restaurant_id = $1::uuid
   AND b.booking_date = $2::date
   AND b.start_time >= $3::time
   AND b.start_time <= $4::time
   AND b.id <> $5::uuid
   AND b.status IN ('pending', 'pending_allocation')
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
 ORDER BY b.start_time, b.id
