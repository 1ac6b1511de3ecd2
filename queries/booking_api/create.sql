-- Make a booking by the platform's own function, for a guest who is found by e-mail, else by phone, or made.
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
  -- Somebody makes the same guest at this moment: no row comes back, and the caller asks once more.
  ON CONFLICT DO NOTHING
  RETURNING id
), guest AS (
  SELECT id, true AS known FROM known UNION ALL SELECT id, false FROM made
)
SELECT coalesce((told.answer ->> 'success')::boolean, false) AS success,
       coalesce((told.answer ->> 'duplicate')::boolean, false) AS duplicate,
       (told.answer #>> '{booking,id}')::uuid AS booking_id,
       guest.known AS guest_known,
       told.answer ->> 'error' AS error,
       coalesce(told.answer ->> 'sqlerrm', told.answer ->> 'message') AS message,
       told.answer ->> 'sqlstate' AS sqlstate
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
              p_seating_preference => $10::text,
              p_notes => $11::text,
              p_marketing_opt_in => $12::boolean,
              p_idempotency_key => $13::text,
              p_source => 'api'::text,
              p_details => $14::text::jsonb) AS told (answer)
