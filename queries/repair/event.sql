-- Tells the platform what was repaired, as its own sweeper does.
-- params: $1 event_type text, $2 context text
INSERT INTO observability_events (source, event_type, severity, context)
VALUES ('slotfill', $1::text, 'info', $2::text::jsonb)
