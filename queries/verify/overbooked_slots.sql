-- Moments with more covers at the tables than there are seats, and slots with more reserved than available
-- grade: broken
-- why: a house seats nobody on chairs it has not
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('%s at %s UTC', r.slug, to_char(f.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS subject,
       f.booking_id AS booking_id,
       coalesce((SELECT string_agg(t.table_number, ', ' ORDER BY t.table_number)
                   FROM booking_table_assignments a
                   JOIN table_inventory t ON t.id = a.table_id
                  WHERE a.booking_id = f.booking_id), '') AS tables,
       CASE WHEN f.booking_id IS NULL THEN format('%s reserved, %s available', f.covers, f.seats)
            ELSE format('%s covers with this booking, %s active seats', f.covers, f.seats)
       END AS detail,
       f.total AS total
  FROM (
        SELECT w.restaurant_id, w.at, w.booking_id, w.covers, w.seats, count(*) OVER () AS total
          FROM (
                SELECT m.restaurant_id, m.at, m.booking_id, m.covers, coalesce(s.seats, 0) AS seats
                  FROM (
                        -- Who leaves at a moment is gone before who comes then sits down.
                        SELECT e.restaurant_id,
                               e.at,
                               e.booking_id,
                               e.change,
                               sum(e.change) OVER (PARTITION BY e.restaurant_id ORDER BY e.at, e.change, e.booking_id
                                                   ROWS UNBOUNDED PRECEDING) AS covers
                          FROM (
                                SELECT b.id AS booking_id, b.restaurant_id, b.party_size, p.start_at, p.end_at
                                  FROM (SELECT a.booking_id, min(a.start_at) AS start_at, max(a.end_at) AS end_at
                                          FROM booking_table_assignments a
                                         WHERE a.start_at < a.end_at
                                         GROUP BY a.booking_id) AS p
                                  JOIN bookings b ON b.id = p.booking_id
                                 WHERE b.restaurant_id = ANY ($1::uuid[])
                                   AND b.status::text NOT IN ('cancelled', 'completed', 'no_show')
                               ) AS seated
                         CROSS JOIN LATERAL (VALUES (restaurant_id, booking_id, start_at, party_size),
                                                    (restaurant_id, booking_id, end_at, -party_size)
                                            ) AS e (restaurant_id, booking_id, at, change)
                       ) AS m
                  LEFT JOIN (SELECT t.restaurant_id, sum(t.capacity) AS seats
                               FROM table_inventory t
                              WHERE t.active
                              GROUP BY t.restaurant_id) AS s
                    ON s.restaurant_id = m.restaurant_id
                 WHERE m.change > 0
                   AND m.covers > coalesce(s.seats, 0)
                 UNION ALL
                SELECT k.restaurant_id, (k.slot_date + k.slot_time) AT TIME ZONE o.timezone, NULL, k.reserved_count,
                       k.available_capacity
                  FROM booking_slots k
                  JOIN restaurants o ON o.id = k.restaurant_id
                 WHERE k.restaurant_id = ANY ($1::uuid[])
                   AND $2::interval IS NOT NULL
                   AND k.reserved_count > k.available_capacity
               ) AS w
         ORDER BY w.at, w.restaurant_id, w.booking_id
         LIMIT 1000
       ) AS f
  JOIN restaurants r ON r.id = f.restaurant_id
 ORDER BY f.at, f.restaurant_id, f.booking_id
