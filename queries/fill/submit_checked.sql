-- Make a booking by the platform's own function, for a guest who is found by e-mail or made.
-- params: $1 restaurant uuid, $2 day date, $3 start time, $4 end time, $5 party int, $6 occasion text, $7 name text, $8 email text, $9 phone text, $10 key text, $11 request text, $12 tag text
-- returns: Created
WITH known AS (
  SELECT c.id
    FROM customers c
   WHERE c.restaurant_id = $1::uuid
     AND c.email_normalized = $8::text
), made AS (
  INSERT INTO customers (restaurant_id, full_name, email, phone)
  SELECT $1::uuid, $7::text, $8::text, $9::text
   WHERE NOT EXISTS (SELECT FROM known)
  -- Somebody makes the same guest at this moment: no row comes back, and the caller asks once more.
  ON CONFLICT DO NOTHING
  RETURNING id
), guest AS (
  SELECT id FROM known UNION ALL SELECT id FROM made
)
SELECT pg_current_xact_id()::text::bigint AS xid,
       coalesce((told.answer ->> 'success')::boolean, false) AS success,
       coalesce((told.answer ->> 'duplicate')::boolean, false) AS duplicate,
       (told.answer #>> '{booking,id}')::uuid AS booking_id,
       told.answer ->> 'error' AS error,
       coalesce(told.answer ->> 'message', told.answer ->> 'sqlerrm') AS message,
       told.answer ->> 'sqlstate' AS sqlstate,
       told.answer ->> 'details' AS details
  FROM guest
 CROSS JOIN LATERAL create_booking_with_capacity_check(
              p_restaurant_id => $1::uuid,
              p_customer_id => guest.id,
              p_booking_date => $2::date,
              p_start_time => $3::time,
              p_end_time => $4::time,
              p_party_size => $5::int,
              p_booking_type => $6::text,
              p_customer_name => $7::text,
              p_customer_email => $8::text,
              p_customer_phone => $9::text,
              p_seating_preference => 'any'::text,
              p_idempotency_key => $10::text,
              p_source => 'slotfill'::text,
              p_client_request_id => $11::text,
              p_details => jsonb_build_object('slotfill', $12::text::jsonb)) AS told (answer)
