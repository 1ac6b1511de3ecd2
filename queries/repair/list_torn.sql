-- Bookings of which one half is there: confirmed and no table, or tables and no confirmation. Whole enough to be
-- confirmed is one whose tables seat its party, stand in one zone of its restaurant, and are allocated to it for one and
-- the same time, which begins when its guests come.
-- params: $1 restaurants uuid[], $2 only uuid[], $3 at_most int
-- returns: RepairRow
-- since: 15
WITH torn AS (
  SELECT b.id,
         b.restaurant_id,
         b.reference,
         b.booking_date,
         b.start_time,
         b.party_size,
         b.start_at,
         b.updated_at,
         b.status::text AS status,
         count(*) OVER () AS total
    FROM bookings b
   WHERE b.restaurant_id = ANY ($1::uuid[])
     AND ($2::uuid[] IS NULL OR b.id = ANY ($2::uuid[]))
     AND b.status::text IN ('confirmed', 'pending', 'pending_allocation')
     AND (b.status::text = 'confirmed') <> EXISTS (
             SELECT
               FROM booking_table_assignments a
              WHERE a.booking_id = b.id
         )
   ORDER BY b.booking_date, b.start_time, b.id
   LIMIT $3::int
), halves AS (
  SELECT b.*,
         h.tables,
         concat_ws(
             ', ',
             CASE WHEN h.seats < b.party_size
                  THEN format('its tables seat %s of %s guests', h.seats, b.party_size) END,
             CASE WHEN h.strange THEN 'a table is of another restaurant' END,
             CASE WHEN h.closed THEN 'a table is not in service' END,
             CASE WHEN h.zones > 1 THEN 'its tables stand in several zones' END,
             CASE WHEN h.timeless THEN 'a table has no time from and until which it is taken'
                  WHEN h.windows > 1 THEN 'its tables are taken for different times'
                  WHEN h.start_at <> b.start_at THEN 'its tables are taken for another time than its own'
             END,
             CASE WHEN h.unallocated THEN 'a table is not allocated to it for that time' END
         ) AS flaws
    FROM torn b
   CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(t.table_number::text ORDER BY t.table_number), '{}') AS tables,
                  sum(t.capacity) AS seats,
                  bool_or(t.restaurant_id <> b.restaurant_id) AS strange,
                  bool_or(NOT t.active) AS closed,
                  count(DISTINCT t.zone_id) AS zones,
                  bool_or(a.start_at IS NULL OR a.end_at IS NULL OR a.start_at >= a.end_at) AS timeless,
                  count(DISTINCT (a.start_at, a.end_at)) AS windows,
                  min(a.start_at) AS start_at,
                  bool_or(NOT EXISTS (SELECT
                                        FROM allocations l
                                       WHERE l.booking_id = b.id
                                         AND l.resource_type = 'table'
                                         AND l.resource_id = a.table_id
                                         AND NOT l.shadow
                                         AND lower(l."window") = a.start_at
                                         AND upper(l."window") = a.end_at)) AS unallocated
             FROM booking_table_assignments a
             JOIN table_inventory t ON t.id = a.table_id
            WHERE a.booking_id = b.id
         ) AS h
)
SELECT CASE WHEN f.status = 'confirmed' THEN 'confirmed without tables'
            ELSE 'tables without confirmation'
       END AS what,
       f.id AS id,
       f.id AS booking_id,
       format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       r.slug AS restaurant,
       f.tables AS tables,
       (extract(epoch FROM clock_timestamp() - f.updated_at) * 1000000000)::bigint AS age_ns,
       CASE WHEN f.status = 'confirmed' THEN 'reopen'
            WHEN f.flaws = '' THEN 'confirm'
            ELSE 'unassign'
       END AS remedy,
       CASE WHEN f.status = 'confirmed' THEN 'the guest was told yes and has no table: it is to wait for one again'
            WHEN f.flaws = '' THEN format('%s, and all that a confirmation needs is there', f.status)
            ELSE format('%s, and cannot be confirmed: %s', f.status, f.flaws)
       END AS why,
       f.total AS total
  FROM halves f
  JOIN restaurants r ON r.id = f.restaurant_id
 ORDER BY f.booking_date, f.start_time, f.id
