-- Confirms bookings that have their tables, through the platform's own transition.
-- params: $1 bookings uuid[], $2 reason text
-- returns: TakenRow
-- since: 15
SELECT b.id AS id
  FROM bookings b
 CROSS JOIN LATERAL apply_booking_state_transition(
           b.id,
           'confirmed',
           NULL,
           NULL,
           now(),
           b.status,
           'confirmed',
           NULL,
           now(),
           $2::text,
           jsonb_build_object('by', 'slotfill', 'why', 'tables without confirmation')
       ) AS moved
 WHERE b.id = ANY ($1::uuid[])
   AND b.status::text IN ('pending', 'pending_allocation')
