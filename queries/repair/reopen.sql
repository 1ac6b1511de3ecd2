-- Puts confirmed bookings without tables back to pending, free of any zone, and writes it into their history. The
-- platform's state machine knows no such way, so this is a plain update and its history row says so.
-- params: $1 bookings uuid[], $2 reason text
-- returns: TakenRow
-- since: 15
WITH reopened AS (
  UPDATE bookings b
     SET status = 'pending',
         assigned_zone_id = NULL,
         updated_at = now()
   WHERE b.id = ANY ($1::uuid[])
     AND b.status::text = 'confirmed'
     AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
  RETURNING b.id
), told AS (
  INSERT INTO booking_state_history (booking_id, from_status, to_status, reason, metadata)
  SELECT o.id,
         'confirmed',
         'pending',
         $2::text,
         jsonb_build_object('by', 'slotfill', 'outsideStateMachine', true, 'why', 'confirmed without tables')
    FROM reopened o
)
SELECT o.id AS id
  FROM reopened o
