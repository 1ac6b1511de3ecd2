-- Allocations that outlived their assignment
-- grade: leftover
-- why: the planner does not read them, so a quote succeeds and its confirmation fails
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('allocation of %s over %s', coalesce('booking ' || b.reference, 'no booking'),
              f."window"::text) AS subject,
       f.booking_id AS booking_id,
       coalesce(t.table_number, '') AS tables,
       CASE WHEN f.resource_type = 'table' THEN 'the booking has no assignment of this table'
            ELSE 'a merge group that no assignment belongs to'
       END AS detail,
       f.total AS total
  FROM (
        SELECT l.id, l.booking_id, l.resource_type, l.resource_id, l."window", count(*) OVER () AS total
          FROM allocations l
         WHERE l.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND NOT l.shadow
           AND NOT l.is_maintenance
           AND CASE WHEN l.resource_type = 'table'
                    THEN NOT EXISTS (SELECT
                                       FROM booking_table_assignments a
                                      WHERE a.booking_id = l.booking_id AND a.table_id = l.resource_id)
                    ELSE NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.merge_group_id = l.id)
               END
         ORDER BY lower(l."window"), l.id
         LIMIT 1000
       ) AS f
  LEFT JOIN bookings b ON b.id = f.booking_id
  LEFT JOIN table_inventory t ON t.id = f.resource_id AND f.resource_type = 'table'
 ORDER BY lower(f."window"), f.id
