-- A call of the creating function for a restaurant and a guest that are nobody's: it can make nothing, and tells whether it
-- works. Whoever asks rolls back all the same.
-- returns: CreatesRow
SELECT coalesce((told.answer ->> 'success')::boolean, false) AS success,
       told.answer ->> 'error' AS error,
       told.answer ->> 'sqlstate' AS sqlstate,
       coalesce(told.answer ->> 'sqlerrm', told.answer ->> 'message') AS message
  FROM create_booking_with_capacity_check(
         p_restaurant_id => '00000000-0000-4000-8000-000000000000'::uuid,
         p_customer_id => '00000000-0000-4000-8000-000000000000'::uuid,
         p_booking_date => DATE '2027-03-01',
         p_start_time => TIME '12:00',
         p_end_time => TIME '13:30',
         p_party_size => 2,
         p_booking_type => 'lunch'::text,
         p_customer_name => 'Nobody'::text,
         p_customer_email => 'nobody@example.invalid'::text,
         p_customer_phone => '+447000000000'::text,
         p_seating_preference => 'any'::text,
         p_idempotency_key => 'sf-probe'::text,
         p_source => 'slotfill'::text,
         p_client_request_id => 'sf-probe'::text,
         p_details => '{}'::jsonb) AS told (answer)
