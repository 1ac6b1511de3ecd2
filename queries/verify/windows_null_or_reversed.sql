-- Windows that are missing, empty or end before they begin
-- grade: broken
-- why: a row without a window takes no table in the eyes of the constraints
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('%s of booking %s', f.kind, coalesce(b.reference, 'unknown')) AS subject,
       f.booking_id AS booking_id,
       coalesce(t.table_number, '') AS tables,
       f.detail AS detail,
       f.total AS total
  FROM (
        SELECT w.kind, w.id, w.booking_id, w.table_id, w.detail, count(*) OVER () AS total
          FROM (
                SELECT 'assignment' AS kind,
                       a.id,
                       a.booking_id,
                       a.table_id,
                       format('from %s to %s', coalesce(a.start_at::text, 'null'),
                              coalesce(a.end_at::text, 'null')) AS detail
                  FROM booking_table_assignments a
                  JOIN table_inventory i ON i.id = a.table_id
                 WHERE i.restaurant_id = ANY ($1::uuid[])
                   AND (a.start_at < a.end_at) IS NOT TRUE
                 UNION ALL
                SELECT 'times',
                       k.id,
                       k.id,
                       NULL,
                       format('from %s to %s', coalesce(k.start_at::text, 'null'), coalesce(k.end_at::text, 'null'))
                  FROM bookings k
                 WHERE k.restaurant_id = ANY ($1::uuid[])
                   AND (k.start_at < k.end_at) IS NOT TRUE
                 UNION ALL
                -- Maintenance may well have no end.
                SELECT 'allocation',
                       l.id,
                       l.booking_id,
                       CASE WHEN l.resource_type = 'table' THEN l.resource_id END,
                       format('window %s', coalesce(l."window"::text, 'null'))
                  FROM allocations l
                 WHERE l.restaurant_id = ANY ($1::uuid[])
                   AND NOT l.is_maintenance
                   AND (lower(l."window") < upper(l."window")) IS NOT TRUE
                 UNION ALL
                SELECT 'hold',
                       h.id,
                       h.booking_id,
                       NULL,
                       format('from %s to %s', coalesce(h.start_at::text, 'null'), coalesce(h.end_at::text, 'null'))
                  FROM table_holds h
                 WHERE h.restaurant_id = ANY ($1::uuid[])
                   AND $2::interval IS NOT NULL
                   AND (h.start_at < h.end_at) IS NOT TRUE
               ) AS w
         ORDER BY w.kind, w.id
         LIMIT 1000
       ) AS f
  LEFT JOIN bookings b ON b.id = f.booking_id
  LEFT JOIN table_inventory t ON t.id = f.table_id
 ORDER BY f.kind, f.id
