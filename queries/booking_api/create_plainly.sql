-- Make a booking, pending, asking nobody for covers, as the platform's application does when its function says no. One of
-- the same key is given back instead, and one of the same guest, day and times; the key's lock is the caller's to take.
-- params: $1 restaurant uuid, $2 day date, $3 start time, $4 end time, $5 party int, $6 occasion text, $7 name text, $8 email text, $9 phone text, $10 seating text, $11 notes text, $12 marketing bool, $13 key text, $14 details text
-- returns: CreatedRow
WITH known AS (
  SELECT c.id
    FROM customers c
   WHERE c.restaurant_id = $1::uuid
     AND (c.email_normalized = $8::text OR c.phone_normalized = regexp_replace($9::text, '[^0-9]', '', 'g'))
   ORDER BY c.email_normalized = $8::text DESC
   LIMIT 1
), made AS (
  INSERT INTO customers (restaurant_id, full_name, email, phone, marketing_opt_in)
  SELECT $1::uuid, $7::text, $8::text, $9::text, $12::boolean
   WHERE NOT EXISTS (SELECT FROM known)
  ON CONFLICT DO NOTHING
  RETURNING id
), guest AS (
  SELECT id, true AS known FROM known UNION ALL SELECT id, false FROM made
), earlier AS (
  SELECT b.id
    FROM bookings b
   WHERE b.restaurant_id = $1::uuid
     AND (b.idempotency_key = $13::text
          OR (b.customer_id = (SELECT known.id FROM known)
              AND b.booking_date = $2::date
              AND b.start_time = $3::time
              AND b.end_time = $4::time
              AND b.status <> 'cancelled'))
   ORDER BY b.idempotency_key = $13::text DESC NULLS LAST, b.created_at
   LIMIT 1
), booked AS (
  INSERT INTO bookings (restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type, status,
                        customer_name, customer_email, customer_phone, seating_preference, notes, marketing_opt_in,
                        reference, source, idempotency_key, details)
  SELECT $1::uuid,
         guest.id,
         $2::date,
         $3::time,
         $4::time,
         $5::int,
         $6::text,
         'pending',
         $7::text,
         $8::text,
         $9::text,
         $10::text::seating_preference_type,
         $11::text,
         $12::boolean,
         '',
         'api',
         $13::text,
         $14::text::jsonb
    FROM guest
   WHERE NOT EXISTS (SELECT FROM earlier)
  RETURNING id
)
SELECT true AS success,
       earlier.id IS NOT NULL AS duplicate,
       coalesce(earlier.id, booked.id) AS booking_id,
       guest.known AS guest_known,
       NULL::text AS error,
       NULL::text AS message,
       NULL::text AS sqlstate
  FROM guest
  LEFT JOIN booked ON true
  LEFT JOIN earlier ON true
