-- Bookings whose tables stand in more than one zone
-- grade: broken
-- why: one party sits in one room; the platform refuses anything else
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
       format('in %s', (SELECT string_agg(DISTINCT z.name, ' and ')
                          FROM booking_table_assignments a
                          JOIN table_inventory t ON t.id = a.table_id
                          JOIN zones z ON z.id = t.zone_id
                         WHERE a.booking_id = f.id)) AS detail,
       f.total AS total
  FROM (
        SELECT b.id, b.reference, b.booking_date, b.start_time, b.party_size, count(*) OVER () AS total
          FROM (SELECT a.booking_id
                  FROM booking_table_assignments a
                  JOIN table_inventory t ON t.id = a.table_id
                 GROUP BY a.booking_id
                HAVING min(t.zone_id::text) <> max(t.zone_id::text)) AS m
          JOIN bookings b ON b.id = m.booking_id
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT 1000
       ) AS f
 ORDER BY f.booking_date, f.start_time, f.id
