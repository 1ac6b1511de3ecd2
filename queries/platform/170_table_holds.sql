-- Tables kept for one booking until it is confirmed.
-- expires_at is when the hold may be swept, unlike on the platform, where it cannot be before the dinner's end.
CREATE TABLE table_holds (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    booking_id uuid REFERENCES bookings (id) ON DELETE SET NULL,
    zone_id uuid NOT NULL REFERENCES zones (id) ON DELETE CASCADE,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    created_by uuid,
    metadata jsonb,
    session_id text,
    status table_hold_status NOT NULL DEFAULT 'active',
    last_touched_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- One rule under the platform's three names; a refusal carries the first by the alphabet. Over there they also ask
    -- for expires_at >= end_at: not here, or no hold would expire before the dinner it is for.
    CONSTRAINT table_holds_time_order_check CHECK (start_at < end_at),
    CONSTRAINT table_holds_window_check CHECK (start_at < end_at),
    CONSTRAINT th_times_consistent CHECK (start_at < end_at)
);
CREATE INDEX table_holds_booking_idx ON table_holds (booking_id);
CREATE INDEX table_holds_restaurant_expiry_idx ON table_holds (restaurant_id, expires_at);
