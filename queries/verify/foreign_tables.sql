-- Tables of another restaurant than the booking, allocation or hold that takes them
-- grade: broken
-- why: the guest would stand in the wrong house, and the right one never sees the table taken
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('%s of %s', f.kind, coalesce('booking ' || b.reference, 'no booking')) AS subject,
       f.booking_id AS booking_id,
       coalesce(t.table_number, '') AS tables,
       format('%s has %s %s', coalesce(o.slug, f.own::text), f.what,
              coalesce(s.slug, f.other::text)) AS detail,
       f.total AS total
  FROM (
        SELECT w.kind, w.id, w.booking_id, w.table_id, w.what, w.own, w.other, count(*) OVER () AS total
          FROM (
                SELECT 'assignment' AS kind,
                       a.id,
                       a.booking_id,
                       a.table_id,
                       'a table of' AS what,
                       k.restaurant_id AS own,
                       i.restaurant_id AS other
                  FROM booking_table_assignments a
                  JOIN bookings k ON k.id = a.booking_id
                  JOIN table_inventory i ON i.id = a.table_id
                 WHERE k.restaurant_id <> i.restaurant_id
                 UNION ALL
                SELECT 'allocation', l.id, l.booking_id, l.resource_id, 'a table of', l.restaurant_id, i.restaurant_id
                  FROM allocations l
                  JOIN table_inventory i ON i.id = l.resource_id
                 WHERE l.resource_type = 'table'
                   AND l.restaurant_id <> i.restaurant_id
                 UNION ALL
                SELECT 'allocation', l.id, l.booking_id, l.resource_id, 'an allocation in', k.restaurant_id,
                       l.restaurant_id
                  FROM allocations l
                  JOIN bookings k ON k.id = l.booking_id
                 WHERE k.restaurant_id <> l.restaurant_id
                 UNION ALL
                SELECT 'hold', h.id, h.booking_id, m.table_id, 'a table of', h.restaurant_id, i.restaurant_id
                  FROM table_holds h
                  JOIN table_hold_members m ON m.hold_id = h.id
                  JOIN table_inventory i ON i.id = m.table_id
                 WHERE h.restaurant_id <> i.restaurant_id
                 UNION ALL
                SELECT 'hold', h.id, h.booking_id, NULL, 'a hold in', k.restaurant_id, h.restaurant_id
                  FROM table_holds h
                  JOIN bookings k ON k.id = h.booking_id
                 WHERE k.restaurant_id <> h.restaurant_id
               ) AS w
         WHERE (w.own = ANY ($1::uuid[]) OR w.other = ANY ($1::uuid[]))
           AND $2::interval IS NOT NULL
         ORDER BY w.kind, w.id, w.table_id
         LIMIT 1000
       ) AS f
  LEFT JOIN bookings b ON b.id = f.booking_id
  LEFT JOIN table_inventory t ON t.id = f.table_id
  LEFT JOIN restaurants o ON o.id = f.own
  LEFT JOIN restaurants s ON s.id = f.other
 ORDER BY f.kind, f.id, f.table_id
