-- Holds older than they may live, oldest first.
-- params: $1 restaurants uuid[], $2 ttl interval, $3 at_most int
-- returns: RepairRow
-- since: 15
SELECT 'leaked hold'::text AS what,
       f.id AS id,
       f.booking_id AS booking_id,
       format('hold %s', left(f.id::text, 8)) || coalesce(' of booking ' || b.reference, '') AS subject,
       r.slug AS restaurant,
       ARRAY(SELECT t.table_number::text
               FROM table_hold_members m
               JOIN table_inventory t ON t.id = m.table_id
              WHERE m.hold_id = f.id
              ORDER BY t.table_number) AS tables,
       (extract(epoch FROM clock_timestamp() - f.created_at) * 1000000000)::bigint AS age_ns,
       'delete'::text AS remedy,
       CASE WHEN f.booking_id IS NULL THEN 'for no booking, and older than a hold may live'
            WHEN b.status::text NOT IN ('pending', 'pending_allocation')
            THEN format('older than a hold may live, and its booking is %s', b.status)
            ELSE 'older than a hold may live: whoever took it is gone'
       END AS why,
       f.total AS total
  FROM (
        SELECT h.id, h.booking_id, h.restaurant_id, h.created_at, count(*) OVER () AS total
          FROM table_holds h
         WHERE h.restaurant_id = ANY ($1::uuid[])
           AND h.created_at < clock_timestamp() - $2::interval
         ORDER BY h.created_at, h.id
         LIMIT $3::int
       ) AS f
  JOIN restaurants r ON r.id = f.restaurant_id
  LEFT JOIN bookings b ON b.id = f.booking_id
 ORDER BY f.created_at, f.id
