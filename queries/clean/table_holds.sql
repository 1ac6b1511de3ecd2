-- The run's holds: those it meant to make, and those that carry its tag.
-- params: $1 run text, $2 holds uuid[], $3 restaurants uuid[]
-- returns: CleanRow
SELECT h.id::text AS key
  FROM table_holds h
 WHERE h.restaurant_id = ANY ($3::uuid[])
   AND (h.id = ANY ($2::uuid[]) OR h.metadata -> 'slotfill' ->> 'run' = $1::text)
 ORDER BY h.id
