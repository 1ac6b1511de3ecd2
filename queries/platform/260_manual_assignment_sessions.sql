-- Somebody of the staff choosing tables by hand, and the versions of what they saw when they chose.
CREATE TABLE manual_assignment_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    created_by uuid,
    state text NOT NULL DEFAULT 'none'
        CONSTRAINT manual_assignment_sessions_state_check
        CHECK (state IN ('none', 'proposed', 'held', 'confirmed', 'expired', 'conflicted', 'cancelled')),
    selection jsonb,
    -- References nothing: looking it up would be part of every confirmation, which deletes its hold.
    hold_id uuid,
    context_version text,
    policy_version text,
    window_version text,
    tables_version text,
    holds_version text,
    assignments_version text,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX manual_assignment_sessions_booking_idx ON manual_assignment_sessions (booking_id);
