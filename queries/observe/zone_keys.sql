-- The first half of the advisory lock of every zone, as pg_locks shows it: unsigned.
-- returns: ZoneKey
-- since: 14
SELECT hashtext(z.id::text)::bigint & 4294967295 AS key,
       z.name AS zone,
       r.slug AS restaurant,
       r.timezone AS timezone
  FROM zones z
  JOIN restaurants r ON r.id = z.restaurant_id
 ORDER BY r.slug, z.name
