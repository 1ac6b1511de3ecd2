-- Write down what the last attempt to assign each of these bookings came to.
-- params: $1 bookings uuid[], $2 results text[]
UPDATE bookings b
   SET auto_assign_last_result = n.result::jsonb,
       updated_at = now()
  FROM unnest($1::uuid[], $2::text[]) AS n (id, result)
 WHERE b.id = n.id
