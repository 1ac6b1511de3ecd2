-- Pending bookings without tables that are locked to a zone
-- grade: leftover
-- why: an assignment that was undone left the lock behind; tables of every other zone are refused
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       f.id AS booking_id,
       ''::text AS tables,
       format('locked to %s', coalesce(z.name, f.assigned_zone_id::text)) AS detail,
       f.total AS total
  FROM (
        SELECT b.id, b.reference, b.booking_date, b.start_time, b.party_size, b.assigned_zone_id,
               count(*) OVER () AS total
          FROM bookings b
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND b.status::text = 'pending'
           AND b.assigned_zone_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT 1000
       ) AS f
  LEFT JOIN zones z ON z.id = f.assigned_zone_id
 ORDER BY f.booking_date, f.start_time, f.id
