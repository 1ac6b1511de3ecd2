-- Make a booking, pending, with a customer of its own; tagged with the run that made it.
-- params: $1 booking uuid, $2 restaurant uuid, $3 day date, $4 start time, $5 end time, $6 party int, $7 occasion text, $8 name text, $9 email text, $10 phone text, $11 key text, $12 tag text
-- returns: Written
WITH customer AS (
  INSERT INTO customers (restaurant_id, full_name, email, phone)
  VALUES ($2::uuid, $8::text, $9::text, $10::text)
  RETURNING id
)
INSERT INTO bookings (id, restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type,
                      status, customer_name, customer_email, customer_phone, reference, source, idempotency_key, details)
SELECT $1::uuid,
       $2::uuid,
       customer.id,
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
  FROM customer
RETURNING pg_current_xact_id()::text::bigint AS xid
