-- A restaurant by its slug.
-- params: $1 slug text
-- returns: RestaurantRow
SELECT r.id AS id,
       r.slug AS slug,
       r.name AS name,
       r.timezone AS timezone,
       r.reservation_interval_minutes AS reservation_interval_minutes
  FROM restaurants r
 WHERE r.slug = $1::text
   AND r.is_active
