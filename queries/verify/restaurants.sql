-- The restaurants of these slugs, all of them when none is given.
-- params: $1 slugs text[]
-- returns: Place
-- since: 15
SELECT r.id AS id,
       r.slug AS slug
  FROM restaurants r
 WHERE cardinality($1::text[]) = 0
    OR r.slug = ANY ($1::text[])
 ORDER BY r.slug
