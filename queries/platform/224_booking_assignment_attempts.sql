-- Attempts to give a booking tables. Their writer is gone from the platform: empty in practice.
CREATE TABLE booking_assignment_attempts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    attempt_no integer NOT NULL CONSTRAINT booking_assignment_attempts_no_check CHECK (attempt_no > 0),
    strategy text NOT NULL,
    result text NOT NULL,
    reason text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT booking_assignment_attempts_booking_no_key UNIQUE (booking_id, attempt_no)
);
