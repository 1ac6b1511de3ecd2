-- Moves the bookings of a day, and the slots they have, to another; the instants follow by the platform's own trigger.
-- params: $1 from date, $2 to date, $3 restaurants text[]
WITH moving AS (
  SELECT r.id FROM restaurants r WHERE r.slug = ANY ($3::text[])
), slots AS (
  UPDATE booking_slots s
     SET slot_date = $2::date
    FROM moving
   WHERE s.restaurant_id = moving.id
     AND s.slot_date = $1::date
)
UPDATE bookings b
   SET booking_date = $2::date
  FROM moving
 WHERE b.restaurant_id = moving.id
   AND b.booking_date = $1::date
