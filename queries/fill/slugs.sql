-- Every active restaurant's slug.
-- returns: SlugRow
SELECT r.slug AS slug
  FROM restaurants r
 WHERE r.is_active
 ORDER BY r.slug
