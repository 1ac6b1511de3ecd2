-- Frees bookings without tables of the zone that their tables stood in.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
UPDATE bookings b
   SET assigned_zone_id = NULL,
       updated_at = now()
 WHERE b.id = ANY ($1::uuid[])
   AND b.assigned_zone_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
RETURNING b.id AS id
