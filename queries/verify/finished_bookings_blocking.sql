-- Tables that bookings still take although they are cancelled, completed or never came
-- grade: leftover
-- why: the exclusion constraints do not look at the status; nobody else gets the table until the row is deleted
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       f.booking_id AS booking_id,
       f.table_number AS tables,
       format('%s, takes the table until %s UTC', f.status,
              coalesce(to_char(f.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'no end')) AS detail,
       f.total AS total
  FROM (
        SELECT a.id,
               a.booking_id,
               b.reference,
               b.booking_date,
               b.start_time,
               b.party_size,
               b.status::text AS status,
               t.table_number,
               a.end_at,
               count(*) OVER () AS total
          FROM booking_table_assignments a
          JOIN bookings b ON b.id = a.booking_id
          JOIN table_inventory t ON t.id = a.table_id
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND b.status::text IN ('cancelled', 'completed', 'no_show')
         -- The latest first: they block what is still to come.
         ORDER BY a.end_at DESC, a.id
         LIMIT 1000
       ) AS f
 ORDER BY f.end_at DESC, f.id
