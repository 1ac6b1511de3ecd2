-- Tells the platform what a run did, a batch at a time, with the moments it happened at.
-- params: $1 events text
INSERT INTO observability_events (created_at, source, event_type, severity, context, restaurant_id, booking_id)
SELECT n.at, 'slotfill', n.type, n.severity, n.context, n.restaurant, n.booking
  FROM jsonb_to_recordset($1::text::jsonb)
         AS n (at timestamptz, type text, severity text, context jsonb, restaurant uuid, booking uuid)
