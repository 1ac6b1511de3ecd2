-- Confirm a booking with tables instead of a hold, where the function that takes a hold cannot work. The hold is the
-- caller's to give back in the same transaction.
-- params: $1 booking uuid, $2 tables uuid[], $3 key text, $4 adjacency bool, $5 start timestamptz, $6 end timestamptz
-- returns: Confirming
SELECT pg_current_xact_id()::text::bigint AS xid,
       ARRAY(
         SELECT c.table_id
           FROM confirm_hold_assignment_with_transition(
                  $1::uuid, $2::uuid[], $3::text, $4::boolean, NULL::uuid, $5::timestamptz, $6::timestamptz,
                  'confirmed'::booking_status, NULL::uuid, 'slotfill_confirm', '{}'::jsonb) AS c
       ) AS table_ids
