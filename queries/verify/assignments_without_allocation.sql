-- Assignments whose allocation is missing, a shadow, or for another window
-- grade: broken
-- why: what is not allocated is not kept apart: the next confirmation of the table is not refused for it
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', b.reference, to_char(b.booking_date, 'YYYY-MM-DD'),
              to_char(b.start_time, 'HH24:MI'), b.party_size) AS subject,
       f.booking_id AS booking_id,
       f.table_number AS tables,
       CASE WHEN f.shadow IS NULL THEN 'no allocation'
            WHEN f.shadow THEN 'its allocation is a shadow'
            ELSE format('allocated for %s', f."window")
       END AS detail,
       f.total AS total
  FROM (
        -- Found by booking and table, which are unique together: allocation_id is set to null when the row goes.
        SELECT a.id, a.booking_id, t.table_number, l.shadow, l."window", a.start_at, count(*) OVER () AS total
          FROM booking_table_assignments a
          JOIN table_inventory t ON t.id = a.table_id
          LEFT JOIN allocations l
            ON l.booking_id = a.booking_id
           AND l.resource_id = a.table_id
           AND l.resource_type = 'table'
         WHERE t.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND (l.id IS NULL
                OR l.shadow
                OR lower(l."window") IS DISTINCT FROM a.start_at
                OR upper(l."window") IS DISTINCT FROM a.end_at)
         ORDER BY a.start_at, a.id
         LIMIT 1000
       ) AS f
  JOIN bookings b ON b.id = f.booking_id
 ORDER BY f.start_at, f.id
