-- What the database holds of some bookings and of all that carry the run's tag: status, and tables by their numbers.
-- params: $1 run text, $2 bookings uuid[]
-- returns: HeldRow
SELECT b.id AS booking_id,
       b.status::text AS status,
       coalesce(b.idempotency_key, '') AS key,
       coalesce(array_agg(t.table_number ORDER BY t.table_number) FILTER (WHERE t.id IS NOT NULL), '{}') AS tables,
       b.party_size AS party,
       CASE WHEN b.details -> 'slotfill' ->> 'run' = $1::text THEN (b.details -> 'slotfill' ->> 'attempt')::int END AS attempt,
       b.start_at AS starts,
       min(a.start_at) AS start,
       max(a.end_at) AS end,
       min(b.xmin::text::bigint) AS written_by
  FROM bookings b
  LEFT JOIN booking_table_assignments a ON a.booking_id = b.id
  LEFT JOIN table_inventory t ON t.id = a.table_id
 WHERE b.id = ANY ($2::uuid[])
    OR b.details -> 'slotfill' ->> 'run' = $1::text
 GROUP BY b.id
