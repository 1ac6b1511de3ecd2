-- Confirmed bookings that have no table
-- grade: broken
-- why: the guest was told yes; an INSERT or a reconciliation went round the platform's own check
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       f.id AS booking_id,
       ''::text AS tables,
       'confirmed, no assignment'::text AS detail,
       f.total AS total
  FROM (
        SELECT b.id, b.reference, b.booking_date, b.start_time, b.party_size, count(*) OVER () AS total
          FROM bookings b
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND b.status::text = 'confirmed'
           AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
         ORDER BY b.booking_date, b.start_time, b.id
         LIMIT 1000
       ) AS f
 ORDER BY f.booking_date, f.start_time, f.id
