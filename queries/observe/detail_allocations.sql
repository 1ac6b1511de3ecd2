-- The allocations of a booking, a hold's shadows too.
-- params: $1 booking uuid
-- returns: AllocationNow
-- needs: SELECT on the platform's tables. since: 14
SELECT left(l.id::text, 8) AS allocation,
       l.resource_type || ' ' || coalesce(t.table_number::text, left(l.resource_id::text, 8)) AS resource,
       l.shadow AS shadow,
       lower(l."window") AS starts,
       upper(l."window") AS ends
  FROM allocations l
  LEFT JOIN table_inventory t ON t.id = l.resource_id AND l.resource_type = 'table'
 WHERE l.booking_id = $1::uuid
 ORDER BY l.shadow, 2
 LIMIT 40
