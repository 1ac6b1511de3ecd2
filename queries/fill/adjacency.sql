-- The adjacent pairs among a restaurant's tables, each once.
-- params: $1 restaurant uuid
-- returns: PairRow
SELECT a.table_a AS table_a,
       a.table_b AS table_b
  FROM table_adjacencies a
  JOIN table_inventory t ON t.id = a.table_a
 WHERE t.restaurant_id = $1::uuid
 ORDER BY a.table_a, a.table_b
