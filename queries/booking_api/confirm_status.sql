-- Move a booking that has its tables from pending to confirmed.
-- params: $1 booking uuid
-- returns: StatusRow
SELECT t.status::text AS status
  FROM apply_booking_state_transition(
         $1::uuid, 'confirmed'::booking_status, NULL::timestamptz, NULL::timestamptz, now(),
         'pending'::booking_status, 'confirmed'::booking_status, NULL::uuid, now(), 'auto_assign_confirm', '{}'::jsonb) AS t
