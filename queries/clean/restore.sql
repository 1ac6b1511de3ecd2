-- Puts bookings back to the status and the zone they had.
-- params: $1 bookings uuid[], $2 statuses text[], $3 zones uuid[]
-- returns: BookingRow
UPDATE bookings b
   SET status = was.status::booking_status,
       assigned_zone_id = was.zone_id,
       updated_at = now()
  FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS was (id, status, zone_id)
 WHERE b.id = was.id
   AND (b.status, b.assigned_zone_id) IS DISTINCT FROM (was.status::booking_status, was.zone_id)
RETURNING b.id AS booking_id
