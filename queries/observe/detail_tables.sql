-- The tables a booking has, each with its own times: they may differ from one another where something went wrong.
-- params: $1 booking uuid
-- returns: AssignedTable
-- needs: SELECT on the platform's tables. since: 14
SELECT coalesce(t.table_number::text, a.table_id::text) AS "table",
       coalesce(z.name, '') AS zone,
       a.start_at AS starts,
       a.end_at AS ends,
       coalesce(a.idempotency_key, '') AS key,
       coalesce(left(a.allocation_id::text, 8), '') AS allocation,
       a.assigned_at AS assigned
  FROM booking_table_assignments a
  LEFT JOIN table_inventory t ON t.id = a.table_id
  LEFT JOIN zones z ON z.id = t.zone_id
 WHERE a.booking_id = $1::uuid
 ORDER BY 1
 LIMIT 40
