-- Hold tables for a booking: all of them or none, as the exclusion constraints decide.
-- params: $1 hold uuid, $2 restaurant uuid, $3 booking uuid, $4 zone uuid, $5 start timestamptz, $6 end timestamptz, $7 ttl interval, $8 tables uuid[], $9 metadata text, $10 past_window bool
-- returns: Written
WITH hold AS (
  INSERT INTO table_holds (id, restaurant_id, booking_id, zone_id, start_at, end_at, expires_at, metadata)
  VALUES ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::timestamptz, $6::timestamptz,
          -- Where a check wants every hold to outlast its window, as the platform's own does, the time to live starts there.
          CASE WHEN $10::boolean THEN greatest($6::timestamptz, clock_timestamp()) ELSE clock_timestamp() END
              + $7::interval,
          $9::text::jsonb)
  RETURNING id
), members AS (
  INSERT INTO table_hold_members (hold_id, table_id)
  -- In the order given: equal orders everywhere keep two holds of the same tables from deadlocking.
  SELECT hold.id, wanted.table_id
    FROM hold, unnest($8::uuid[]) WITH ORDINALITY AS wanted (table_id, place)
   ORDER BY wanted.place
)
SELECT pg_current_xact_id()::text::bigint AS xid
