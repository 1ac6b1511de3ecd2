-- The run's guests: their addresses are made of what the run meant to book. One that another booking refers to is kept.
-- params: $1 gone uuid[], $2 emails text[], $3 restaurants uuid[]
-- returns: GuestRow
-- since: 15
SELECT c.id::text AS key,
       EXISTS (SELECT
                 FROM bookings o
                WHERE o.customer_id = c.id AND o.id <> ALL ($1::uuid[])) AS is_kept
  FROM customers c
 WHERE c.restaurant_id = ANY ($3::uuid[])
   AND (c.email_normalized = ANY ($2::text[])
        OR EXISTS (SELECT
                     FROM bookings b
                    WHERE b.id = ANY ($1::uuid[])
                      AND b.customer_id = c.id
                      AND c.email_normalized IN ('sf-' || b.id || '@example.invalid',
                                                 'sf-' || b.client_request_id || '@example.invalid')))
 ORDER BY c.id
