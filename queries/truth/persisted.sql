-- Which of some bookings, and of all that carry the run's tag, are confirmed and have tables, with how many.
-- params: $1 run text, $2 bookings uuid[]
-- returns: PersistedRow
SELECT b.id AS booking_id,
       count(a.table_id)::int AS tables
  FROM bookings b
  JOIN booking_table_assignments a ON a.booking_id = b.id
 WHERE (b.id = ANY ($2::uuid[]) OR b.details -> 'slotfill' ->> 'run' = $1::text)
   AND b.status = 'confirmed'
 GROUP BY b.id
