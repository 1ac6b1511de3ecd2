-- Holds without tables, and held tables that no hold knows of
-- grade: leftover
-- why: a hold taken apart by hand leaves a half of itself; a window alone still blocks its table
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('%s %s from %s to %s UTC', f.kind, left(f.id::text, 8),
              to_char(f.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
              to_char(f.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS subject,
       f.booking_id AS booking_id,
       coalesce(t.table_number, '') AS tables,
       f.detail AS detail,
       f.total AS total
  FROM (
        SELECT w.kind, w.id, w.booking_id, w.table_id, w.start_at, w.end_at, w.detail, count(*) OVER () AS total
          FROM (
                SELECT 'hold' AS kind,
                       h.id,
                       h.booking_id,
                       NULL::uuid AS table_id,
                       h.start_at,
                       h.end_at,
                       'holds no table' AS detail
                  FROM table_holds h
                 WHERE h.restaurant_id = ANY ($1::uuid[])
                   AND $2::interval IS NOT NULL
                   AND NOT EXISTS (SELECT FROM table_hold_members m WHERE m.hold_id = h.id)
                 UNION ALL
                SELECT 'window of hold',
                       v.hold_id,
                       v.booking_id,
                       v.table_id,
                       v.start_at,
                       v.end_at,
                       CASE WHEN EXISTS (SELECT FROM table_holds h WHERE h.id = v.hold_id)
                            THEN 'the table is no member of its hold'
                            ELSE 'its hold is gone'
                       END
                  FROM table_hold_windows v
                 WHERE v.restaurant_id = ANY ($1::uuid[])
                   AND (NOT EXISTS (SELECT
                                      FROM table_hold_members m
                                     WHERE m.hold_id = v.hold_id AND m.table_id = v.table_id)
                        OR NOT EXISTS (SELECT FROM table_holds h WHERE h.id = v.hold_id))
               ) AS w
         ORDER BY w.start_at, w.id, w.table_id
         LIMIT 1000
       ) AS f
  LEFT JOIN table_inventory t ON t.id = f.table_id
 ORDER BY f.start_at, f.id, f.table_id
