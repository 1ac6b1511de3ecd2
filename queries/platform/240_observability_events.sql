-- What the platform says about itself.
CREATE TABLE observability_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    event_type text NOT NULL,
    severity text NOT NULL DEFAULT 'info'
        CONSTRAINT observability_events_severity_check CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    context jsonb NOT NULL DEFAULT '{}',
    restaurant_id uuid,
    booking_id uuid
);
CREATE INDEX observability_events_created_idx ON observability_events (created_at);
