-- What these holds take and what they stand in the way of.
-- params: $1 holds uuid[]
-- returns: SweptHold
-- since: 15
SELECT h.id AS hold_id,
       h.booking_id AS booking_id,
       r.slug AS restaurant,
       ARRAY(SELECT t.table_number::text
               FROM table_hold_members m
               JOIN table_inventory t ON t.id = m.table_id
              WHERE m.hold_id = h.id
              ORDER BY t.table_number) AS tables,
       h.start_at AS start_at,
       h.end_at AS end_at,
       (extract(epoch FROM clock_timestamp() - h.created_at) * 1000000000)::bigint AS age_ns,
       h.expires_at <= clock_timestamp() AS expired,
       (SELECT count(*)
          FROM bookings b
         WHERE b.restaurant_id = h.restaurant_id
           -- Dates are the restaurant's, windows are UTC: a day either way.
           AND b.booking_date BETWEEN (h.start_at AT TIME ZONE 'UTC')::date - 1
                                  AND (h.end_at AT TIME ZONE 'UTC')::date + 1
           AND b.start_at < h.end_at
           AND b.end_at > h.start_at
           AND b.status::text = 'pending'
           AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
           AND EXISTS (SELECT FROM table_hold_members m WHERE m.hold_id = h.id)) AS blocked
  FROM table_holds h
  JOIN restaurants r ON r.id = h.restaurant_id
 WHERE h.id = ANY ($1::uuid[])
 ORDER BY h.created_at, h.id
