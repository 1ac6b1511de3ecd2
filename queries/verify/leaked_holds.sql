-- Holds older than they may live, or whose booking waits for no tables any more
-- grade: leftover
-- why: whoever took them is gone or done; the platform's own expiry is after the dinner, so age counts from created_at
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('hold %s from %s to %s UTC', left(f.id::text, 8),
              to_char(f.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
              to_char(f.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS subject,
       f.booking_id AS booking_id,
       coalesce((SELECT string_agg(t.table_number, ', ' ORDER BY t.table_number)
                   FROM table_hold_members m
                   JOIN table_inventory t ON t.id = m.table_id
                  WHERE m.hold_id = f.id), '') AS tables,
       format('%s s old, %s', extract(epoch FROM now() - f.created_at)::bigint,
              CASE WHEN f.booking_id IS NULL THEN 'for no booking'
                   WHEN f.status IS NULL THEN 'its booking is gone'
                   ELSE format('its booking is %s', f.status)
              END) AS detail,
       f.total AS total
  FROM (
        SELECT h.id, h.booking_id, h.start_at, h.end_at, h.created_at, b.status::text AS status,
               count(*) OVER () AS total
          FROM table_holds h
          LEFT JOIN bookings b ON b.id = h.booking_id
         WHERE h.restaurant_id = ANY ($1::uuid[])
           AND (h.created_at < now() - $2::interval
                OR b.id IS NULL
                OR b.status::text NOT IN ('pending', 'pending_allocation'))
         ORDER BY h.created_at, h.id
         LIMIT 1000
       ) AS f
 ORDER BY f.created_at, f.id
