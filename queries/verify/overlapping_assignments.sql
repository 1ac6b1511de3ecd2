-- Assignments that begin before an earlier one of the same table has ended
-- grade: broken
-- why: two parties were promised one table; the exclusion constraints are gone or were gone once
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('table %s from %s to %s UTC', f.table_number,
              to_char(f.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
              to_char(f.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS subject,
       f.booking_id AS booking_id,
       f.table_number AS tables,
       format('booking %s (%s) sits down before the last one has left at %s UTC', b.reference, b.status,
              to_char(f.taken_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS detail,
       f.total AS total
  FROM (
        SELECT w.booking_id, w.table_number, w.start_at, w.end_at, w.taken_until, count(*) OVER () AS total
          FROM (
                -- Sorted and compared with what went before: that needs no index, as a dropped constraint
                -- takes its own along.
                SELECT a.booking_id,
                       t.table_number,
                       a.start_at,
                       a.end_at,
                       max(a.end_at) OVER (PARTITION BY a.table_id ORDER BY a.start_at, a.end_at, a.id
                                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
                  FROM booking_table_assignments a
                  JOIN table_inventory t ON t.id = a.table_id
                 WHERE t.restaurant_id = ANY ($1::uuid[])
                   AND $2::interval IS NOT NULL
                   AND a.start_at < a.end_at
               ) AS w
         WHERE w.taken_until > w.start_at
         ORDER BY w.start_at, w.table_number, w.booking_id
         LIMIT 1000
       ) AS f
  JOIN bookings b ON b.id = f.booking_id
 ORDER BY f.start_at, f.table_number, f.booking_id
