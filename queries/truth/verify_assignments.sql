-- Every table that some bookings have, one row each, nothing summed up.
-- params: $1 bookings uuid[]
-- returns: VerifyAssignment
-- since: 14
SELECT a.booking_id AS booking_id,
       coalesce(t.table_number::text, a.table_id::text) AS "table",
       coalesce(a.idempotency_key, '') AS key,
       a.start_at AS starts,
       a.end_at AS ends
  FROM booking_table_assignments a
  LEFT JOIN table_inventory t ON t.id = a.table_id
 WHERE a.booking_id = ANY ($1::uuid[])
 ORDER BY a.booking_id, t.table_number
