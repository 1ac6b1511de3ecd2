-- Bookings whose tables have fewer seats than the party
-- grade: broken
-- why: the platform's assigning function counts no seats: only the planner keeps a party off a small table
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
       format('%s seats', f.seats) AS detail,
       f.total AS total
  FROM (
        SELECT b.id, b.reference, b.booking_date, b.start_time, b.party_size, m.seats, count(*) OVER () AS total
          FROM (SELECT a.booking_id, sum(t.capacity) AS seats
                  FROM booking_table_assignments a
                  JOIN table_inventory t ON t.id = a.table_id
                 GROUP BY a.booking_id) AS m
          JOIN bookings b ON b.id = m.booking_id
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND b.status::text NOT IN ('cancelled', 'completed', 'no_show')
           AND m.seats < b.party_size
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT 1000
       ) AS f
 ORDER BY f.booking_date, f.start_time, f.id
