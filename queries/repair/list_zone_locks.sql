-- Pending bookings without tables that are locked to a zone, of every day.
-- params: $1 restaurants uuid[], $2 at_most int
-- returns: RepairRow
-- since: 15
SELECT 'stale zone lock'::text AS what,
       f.id AS id,
       f.id AS booking_id,
       format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       r.slug AS restaurant,
       '{}'::text[] AS tables,
       (extract(epoch FROM clock_timestamp() - f.updated_at) * 1000000000)::bigint AS age_ns,
       'clear'::text AS remedy,
       format('pending, without tables, and locked to %s', coalesce(z.name, f.assigned_zone_id::text)) AS why,
       f.total AS total
  FROM (
        SELECT b.id,
               b.restaurant_id,
               b.reference,
               b.booking_date,
               b.start_time,
               b.party_size,
               b.updated_at,
               b.assigned_zone_id,
               count(*) OVER () AS total
          FROM bookings b
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND b.status::text = 'pending'
           AND b.assigned_zone_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT $2::int
       ) AS f
  JOIN restaurants r ON r.id = f.restaurant_id
  LEFT JOIN zones z ON z.id = f.assigned_zone_id
 ORDER BY f.booking_date, f.start_time, f.id
