-- Changes of a booking's assignment_state. Their writer is gone from the platform: empty in practice.
CREATE TABLE booking_assignment_state_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    from_state booking_assignment_state,
    to_state booking_assignment_state NOT NULL,
    actor_id uuid,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX booking_assignment_state_history_booking_idx
    ON booking_assignment_state_history (booking_id, created_at);
