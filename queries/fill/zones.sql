-- The zones of a restaurant.
-- params: $1 restaurant uuid
-- returns: Zone
SELECT z.id AS id,
       z.name AS name,
       z.sort_order::int AS sort_order
  FROM zones z
 WHERE z.restaurant_id = $1::uuid
 ORDER BY z.sort_order, z.name
