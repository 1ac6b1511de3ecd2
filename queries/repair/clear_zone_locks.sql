-- Clears the zone lock of those of the bookings that have no tables. Asked again: before they were locked, somebody may
-- have given them some.
-- params: $1 bookings uuid[]
-- returns: ClearedLock
-- since: 15
WITH locked AS (
  SELECT b.id, z.name AS zone
    FROM bookings b
    LEFT JOIN zones z ON z.id = b.assigned_zone_id
   WHERE b.id = ANY ($1::uuid[])
     AND b.status::text = 'pending'
     AND b.assigned_zone_id IS NOT NULL
     AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
), cleared AS (
  UPDATE bookings b
     SET assigned_zone_id = NULL, updated_at = now()
    FROM locked
   WHERE b.id = locked.id
  RETURNING b.id, b.reference, b.restaurant_id, b.booking_date, b.start_time, b.party_size, locked.zone
)
SELECT c.id AS booking_id,
       c.reference AS reference,
       r.slug AS restaurant,
       c.booking_date AS on,
       c.start_time AS at,
       c.party_size AS party,
       coalesce(c.zone, '') AS zone
  FROM cleared c
  JOIN restaurants r ON r.id = c.restaurant_id
 ORDER BY c.start_time, c.reference
