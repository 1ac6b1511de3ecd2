-- What a confirmed hold led to. The hold itself is gone by then, so hold_id references nothing.
CREATE TABLE booking_confirmation_results (
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    idempotency_key text NOT NULL,
    hold_id uuid NOT NULL CONSTRAINT booking_confirmation_results_hold_id_key UNIQUE,
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    table_ids uuid[] NOT NULL,
    assignment_window tstzrange NOT NULL,
    actor_id uuid,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking_id, idempotency_key)
);
