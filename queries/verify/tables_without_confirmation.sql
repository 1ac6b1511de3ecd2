-- Bookings that have tables and still wait
-- grade: broken
-- why: half a confirmation: the tables were given and the booking's status was never moved
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       f.id AS booking_id,
       coalesce((SELECT string_agg(t.table_number, ', ' ORDER BY t.table_number)
                   FROM booking_table_assignments a
                   JOIN table_inventory t ON t.id = a.table_id
                  WHERE a.booking_id = f.id), '') AS tables,
       format('%s, with tables', f.status) AS detail,
       f.total AS total
  FROM (
        SELECT b.id, b.reference, b.booking_date, b.start_time, b.party_size, b.status::text AS status,
               count(*) OVER () AS total
          FROM bookings b
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND b.status::text IN ('pending', 'pending_allocation')
           AND EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT 1000
       ) AS f
 ORDER BY f.booking_date, f.start_time, f.id
