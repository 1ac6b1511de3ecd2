-- The tables that assignments and allocations take.
-- params: $1 assignments text[], $2 allocations text[]
-- returns: TakenRow
SELECT a.table_id AS id
  FROM booking_table_assignments a
 WHERE a.id = ANY ($1::text[]::uuid[])
 UNION
SELECT l.resource_id
  FROM allocations l
 WHERE l.id = ANY ($2::text[]::uuid[])
   AND l.resource_type = 'table'
   AND NOT l.shadow
 ORDER BY 1
