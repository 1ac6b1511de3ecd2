-- A booking with its confirmation token, which is given now when it has none.
-- params: $1 booking uuid, $2 token text
-- returns: BookingRow
UPDATE bookings b
   SET confirmation_token = coalesce(b.confirmation_token, $2::text),
       confirmation_token_expires_at = coalesce(b.confirmation_token_expires_at, now() + interval '24 hours')
 WHERE b.id = $1::uuid
RETURNING
       b.id AS id,
       b.restaurant_id AS restaurant_id,
       b.booking_date AS booking_date,
       to_char(b.start_time, 'HH24:MI') AS start_time,
       to_char(b.end_time, 'HH24:MI') AS end_time,
       b.start_at AS start_at,
       b.end_at AS end_at,
       b.party_size AS party_size,
       b.booking_type AS booking_type,
       b.seating_preference::text AS seating_preference,
       b.status::text AS status,
       b.reference AS reference,
       b.customer_name AS customer_name,
       b.customer_email AS customer_email,
       b.customer_phone AS customer_phone,
       b.notes AS notes,
       b.source AS source,
       b.idempotency_key AS idempotency_key,
       b.client_request_id AS client_request_id,
       b.confirmation_token AS confirmation_token,
       b.loyalty_points_awarded AS loyalty_points_awarded,
       b.assigned_zone_id AS assigned_zone_id,
       b.auto_assign_last_result::text AS auto_assign_last_result,
       b.created_at AS created_at
