-- Events for others, written in the transaction they tell of. An event that still waits is not written twice.
CREATE TABLE capacity_outbox (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT capacity_outbox_status_check CHECK (status IN ('pending', 'processing', 'done', 'dead')),
    event_type text NOT NULL,
    dedupe_key text,
    attempt_count integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    restaurant_id uuid REFERENCES restaurants (id) ON DELETE CASCADE,
    booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE,
    idempotency_key text,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX capacity_outbox_dedupe
    ON capacity_outbox (event_type, coalesce(dedupe_key, ''), coalesce(idempotency_key, ''))
    WHERE status IN ('pending', 'processing');
CREATE INDEX capacity_outbox_due_idx ON capacity_outbox (next_attempt_at) WHERE status = 'pending';
CREATE INDEX capacity_outbox_booking_idx ON capacity_outbox (booking_id);
