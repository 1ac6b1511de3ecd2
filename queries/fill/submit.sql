-- Make a booking, pending, for a guest who is found by e-mail or made; tagged with the run that made it. A booking of the
-- same key is found and given back instead, as the platform's application does: by a look, so two at once both go in.
-- params: $1 booking uuid, $2 restaurant uuid, $3 day date, $4 start time, $5 end time, $6 party int, $7 occasion text, $8 name text, $9 email text, $10 phone text, $11 key text, $12 tag text
-- returns: Submission
WITH earlier AS (
  SELECT b.id
    FROM bookings b
   WHERE b.restaurant_id = $2::uuid
     AND b.idempotency_key = $11::text
   LIMIT 1
), known AS (
  SELECT c.id
    FROM customers c
   WHERE c.restaurant_id = $2::uuid
     AND c.email_normalized = $9::text
), made AS (
  INSERT INTO customers (restaurant_id, full_name, email, phone)
  SELECT $2::uuid, $8::text, $9::text, $10::text
   WHERE NOT EXISTS (SELECT FROM known)
  -- Somebody makes the same guest at this moment: no row comes back, and the caller asks once more.
  ON CONFLICT DO NOTHING
  RETURNING id
), guest AS (
  SELECT id FROM known UNION ALL SELECT id FROM made
), booked AS (
  INSERT INTO bookings (id, restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                        status, customer_name, customer_email, customer_phone, reference, source, idempotency_key, details)
  SELECT $1::uuid,
         $2::uuid,
         guest.id,
         $3::date,
         $4::time,
         $5::time,
         $6::int,
         $7::text,
         'pending',
         $8::text,
         $9::text,
         $10::text,
         '',
         'slotfill',
         $11::text,
         jsonb_build_object('slotfill', $12::text::jsonb)
    FROM guest
   WHERE NOT EXISTS (SELECT FROM earlier)
  RETURNING id
)
SELECT pg_current_xact_id()::text::bigint AS xid,
       coalesce(booked.id, earlier.id) AS booking_id,
       earlier.id IS NOT NULL AS duplicate,
       EXISTS (SELECT FROM guest) AS has_guest
  FROM (SELECT) AS one
  LEFT JOIN booked ON true
  LEFT JOIN earlier ON true
