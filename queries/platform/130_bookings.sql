-- A booking. `assigned_zone_id` is the zone lock: once set, tables of another zone are refused.
CREATE TABLE bookings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    customer_id uuid NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    booking_date date NOT NULL,
    start_time time NOT NULL,
    end_time time NOT NULL,
    start_at timestamptz,
    end_at timestamptz,
    party_size integer NOT NULL CONSTRAINT bookings_party_size_check CHECK (party_size > 0),
    seating_preference seating_preference_type NOT NULL DEFAULT 'any',
    status booking_status NOT NULL DEFAULT 'confirmed',
    customer_name text NOT NULL,
    customer_email text NOT NULL,
    customer_phone text NOT NULL,
    notes text,
    reference text NOT NULL CONSTRAINT bookings_reference_key UNIQUE,
    source text NOT NULL DEFAULT 'web',
    booking_type text NOT NULL DEFAULT 'dinner' REFERENCES booking_occasions (key) ON UPDATE CASCADE,
    idempotency_key text,
    client_request_id text NOT NULL DEFAULT gen_random_uuid()::text,
    pending_ref text,
    details jsonb,
    marketing_opt_in boolean NOT NULL DEFAULT false,
    confirmation_token varchar(64) CONSTRAINT bookings_confirmation_token_unique UNIQUE,
    confirmation_token_expires_at timestamptz,
    confirmation_token_used_at timestamptz,
    auth_user_id uuid,
    checked_in_at timestamptz,
    checked_out_at timestamptz,
    loyalty_points_awarded integer NOT NULL DEFAULT 0,
    assigned_zone_id uuid REFERENCES zones (id) ON DELETE SET NULL,
    auto_assign_idempotency_key text,
    auto_assign_last_result jsonb,
    assignment_state booking_assignment_state NOT NULL DEFAULT 'created',
    assignment_state_version integer NOT NULL DEFAULT 1,
    assignment_strategy text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chk_time_order CHECK (start_at < end_at),
    CONSTRAINT bookings_checked_out_after_checked_in
        CHECK (checked_out_at IS NULL OR checked_in_at IS NULL OR checked_out_at >= checked_in_at),
    -- PRIORITY_WAITLIST fits no branch on the platform either: no row can have it.
    CONSTRAINT bookings_lifecycle_timestamp_consistency CHECK (
        CASE status
            WHEN 'cancelled' THEN true
            WHEN 'checked_in' THEN checked_in_at IS NOT NULL AND checked_out_at IS NULL
            WHEN 'completed' THEN checked_in_at IS NOT NULL AND checked_out_at IS NOT NULL
            WHEN 'PRIORITY_WAITLIST' THEN false
            ELSE checked_in_at IS NULL AND checked_out_at IS NULL
        END
    )
);
CREATE INDEX bookings_restaurant_date_idx ON bookings (restaurant_id, booking_date, start_time);
-- Deliberately not unique, as on the platform: finding a duplicate is the caller's look-up.
CREATE INDEX bookings_idempotency_key_idx ON bookings (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX bookings_customer_idx ON bookings (customer_id);
