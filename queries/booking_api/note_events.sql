-- Write down what the platform says about itself, with the moments it happened at.
-- params: $1 moments timestamptz[], $2 sources text[], $3 types text[], $4 severities text[], $5 contexts text[], $6 restaurants uuid[], $7 bookings uuid[]
INSERT INTO observability_events (created_at, source, event_type, severity, context, restaurant_id, booking_id)
SELECT n.at, n.source, n.type, n.severity, n.context::jsonb, n.restaurant, n.booking
  FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[])
         AS n (at, source, type, severity, context, restaurant, booking)
