-- Which of these restaurants a database has already.
-- params: $1 restaurants text[]
-- returns: SlugRow
SELECT r.slug AS slug
  FROM restaurants r
 WHERE r.slug = ANY ($1::text[])
 ORDER BY r.slug
