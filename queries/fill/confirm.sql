-- Confirm a hold and the booking with it. One row comes back even when the function gives none, with the transaction's id.
-- A booking that is confirmed already, as the platform's own creating function makes them, is not moved once more.
-- params: $1 hold uuid, $2 booking uuid, $3 key text, $4 adjacency bool, $5 start timestamptz, $6 end timestamptz
-- returns: Confirming
SELECT pg_current_xact_id()::text::bigint AS xid,
       ARRAY(
         SELECT c.table_id
           FROM confirm_hold_assignment_tx(
                  $1::uuid, $2::uuid, $3::text, $4::boolean, NULL::uuid, $5::timestamptz, $6::timestamptz,
                  NULL::text, NULL::text,
                  (SELECT 'confirmed'::booking_status
                     FROM bookings b
                    WHERE b.id = $2::uuid AND b.status <> 'confirmed'),
                  'slotfill_confirm', '{}'::jsonb, NULL::uuid) AS c
       ) AS table_ids
