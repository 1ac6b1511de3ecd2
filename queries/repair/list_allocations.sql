-- Allocations that are not what they should be, and tables that finished bookings still take; what cannot be cured last.
-- A shadow that an assignment needs is real again; nothing else of the same table and time may stand in its way by then.
-- What is over blocks nobody: the tables of a finished booking whose time has passed are its history and stay.
-- params: $1 restaurants uuid[], $2 only uuid[], $3 at_most int
-- returns: RepairRow
-- since: 15
WITH found AS (
  SELECT CASE WHEN a.id IS NOT NULL THEN 'real allocation turned shadow' ELSE 'shadow without a hold' END AS what,
         l.id,
         l.booking_id,
         l.restaurant_id,
         l.id AS allocation_id,
         CASE WHEN l.resource_type = 'table' THEN ARRAY[l.resource_id] ELSE '{}' END AS table_ids,
         CASE WHEN a.id IS NULL THEN 'delete'
              WHEN a.start_at < a.end_at AND c.who IS NULL THEN 'restore'
              ELSE 'none'
         END AS remedy,
         CASE WHEN a.id IS NULL THEN 'the hold that cast it is gone'
              WHEN a.start_at < a.end_at AND c.who IS NULL
              THEN 'its booking has the table: as a shadow it keeps nobody else away'
              WHEN a.start_at < a.end_at THEN format('real it would overlap %s', c.who)
              ELSE 'its assignment says no time from and until which it should be real'
         END AS why
    FROM allocations l
    LEFT JOIN booking_table_assignments a
      ON a.booking_id = l.booking_id
     AND a.table_id = l.resource_id
     AND l.resource_type = 'table'
    LEFT JOIN LATERAL (
           SELECT coalesce('booking ' || o.reference, 'an allocation of no booking') AS who
             FROM (
                   -- One that outlived its assignment goes in the same repair, and before.
                   SELECT x.booking_id
                     FROM allocations x
                    WHERE x.restaurant_id = l.restaurant_id
                      AND x.resource_type = 'table'
                      AND x.resource_id = l.resource_id
                      AND x.id <> l.id
                      AND NOT x.shadow
                      AND lower(x."window") < a.end_at
                      AND upper(x."window") > a.start_at
                      AND (x.is_maintenance
                           OR EXISTS (SELECT
                                        FROM booking_table_assignments y
                                       WHERE y.booking_id = x.booking_id AND y.table_id = x.resource_id))
                    UNION ALL
                   SELECT y.booking_id
                     FROM booking_table_assignments y
                    WHERE y.table_id = l.resource_id
                      AND y.booking_id <> l.booking_id
                      AND y.start_at < a.end_at
                      AND y.end_at > a.start_at
                    LIMIT 1
                  ) AS w
             LEFT JOIN bookings o ON o.id = w.booking_id
            LIMIT 1
         ) AS c ON a.id IS NOT NULL
   WHERE l.restaurant_id = ANY ($1::uuid[])
     AND l.shadow
     AND NOT l.is_maintenance
     AND (a.id IS NOT NULL
          OR NOT EXISTS (SELECT
                           FROM table_hold_windows v
                          WHERE v.table_id = l.resource_id
                            AND v.hold_window && l."window"
                            AND v.booking_id IS NOT DISTINCT FROM l.booking_id))
   UNION ALL
  SELECT 'stale allocation',
         l.id,
         l.booking_id,
         l.restaurant_id,
         l.id,
         CASE WHEN l.resource_type = 'table' THEN ARRAY[l.resource_id] ELSE '{}' END,
         'delete',
         CASE WHEN l.resource_type = 'table' THEN 'its booking has no assignment of this table'
              ELSE 'a merge group that no assignment belongs to'
         END
    FROM allocations l
   WHERE l.restaurant_id = ANY ($1::uuid[])
     AND NOT l.shadow
     AND NOT l.is_maintenance
     AND CASE WHEN l.resource_type = 'table'
              THEN NOT EXISTS (SELECT
                                 FROM booking_table_assignments a
                                WHERE a.booking_id = l.booking_id AND a.table_id = l.resource_id)
              ELSE NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.merge_group_id = l.id)
         END
   UNION ALL
  SELECT 'finished booking blocks',
         b.id,
         b.id,
         b.restaurant_id,
         NULL,
         ARRAY(SELECT a.table_id FROM booking_table_assignments a WHERE a.booking_id = b.id),
         'unassign',
         format('it is %s, and nobody else gets its tables', b.status)
    FROM bookings b
   WHERE b.restaurant_id = ANY ($1::uuid[])
     AND b.status::text IN ('cancelled', 'completed', 'no_show')
     AND EXISTS (SELECT
                   FROM booking_table_assignments a
                  WHERE a.booking_id = b.id AND coalesce(a.end_at, 'infinity') > clock_timestamp())
), listed AS (
  SELECT f.*, count(*) OVER () AS total
    FROM found f
   WHERE $2::uuid[] IS NULL
      OR f.id = ANY ($2::uuid[])
   ORDER BY f.remedy = 'none', f.what, f.id
   LIMIT $3::int
)
SELECT s.what AS what,
       s.id AS id,
       s.booking_id AS booking_id,
       coalesce(format('booking %s, %s %s', b.reference, to_char(b.booking_date, 'YYYY-MM-DD'),
                       to_char(b.start_time, 'HH24:MI')), 'no booking') AS subject,
       r.slug AS restaurant,
       ARRAY(SELECT t.table_number::text
               FROM table_inventory t
              WHERE t.id = ANY (s.table_ids)
              ORDER BY t.table_number) AS tables,
       -- Not every platform writes down when an allocation was made.
       (extract(epoch FROM clock_timestamp() - CASE WHEN s.allocation_id IS NULL THEN b.updated_at
                                                    ELSE (to_jsonb(l) ->> 'created_at')::timestamptz
                                               END) * 1000000000)::bigint AS age_ns,
       s.remedy AS remedy,
       s.why AS why,
       s.total AS total
  FROM listed s
  JOIN restaurants r ON r.id = s.restaurant_id
  LEFT JOIN bookings b ON b.id = s.booking_id
  LEFT JOIN allocations l ON l.id = s.allocation_id
 ORDER BY s.remedy = 'none', s.what, b.booking_date, b.start_time, s.id
