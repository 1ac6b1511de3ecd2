-- Every change of a booking's status that went through apply_booking_state_transition.
CREATE TABLE booking_state_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    from_status booking_status,
    to_status booking_status NOT NULL,
    changed_by uuid,
    changed_at timestamptz NOT NULL DEFAULT now(),
    reason text,
    metadata jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX booking_state_history_booking_idx ON booking_state_history (booking_id, changed_at);
