-- Shadow allocations that no hold casts
-- grade: leftover
-- why: a hold deleted before its tables leaves its shadow; it misleads whoever reads allocations
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('shadow of %s over %s', coalesce('booking ' || b.reference, 'no booking'), f."window"::text) AS subject,
       f.booking_id AS booking_id,
       coalesce(t.table_number, '') AS tables,
       'no hold has this table then'::text AS detail,
       f.total AS total
  FROM (
        SELECT l.id, l.booking_id, l.resource_type, l.resource_id, l."window", count(*) OVER () AS total
          FROM allocations l
         WHERE l.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND l.shadow
           AND NOT l.is_maintenance
           AND NOT EXISTS (
                   SELECT
                     FROM table_hold_windows v
                    WHERE v.table_id = l.resource_id
                      AND v.hold_window && l."window"
                      AND v.booking_id IS NOT DISTINCT FROM l.booking_id
               )
         ORDER BY lower(l."window"), l.id
         LIMIT 1000
       ) AS f
  LEFT JOIN bookings b ON b.id = f.booking_id
  LEFT JOIN table_inventory t ON t.id = f.resource_id
 ORDER BY lower(f."window"), f.id
