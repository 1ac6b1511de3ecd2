-- A booking as it was before each change. Written by the application, if by anybody: a trigger would cost every fill.
CREATE TABLE booking_versions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    version_number integer NOT NULL CONSTRAINT booking_versions_number_check CHECK (version_number > 0),
    change_type text NOT NULL
        CONSTRAINT booking_versions_change_type_check
        CHECK (change_type IN ('created', 'updated', 'cancelled', 'deleted')),
    changed_by uuid,
    changed_at timestamptz NOT NULL DEFAULT now(),
    old_data jsonb,
    new_data jsonb,
    CONSTRAINT booking_versions_booking_number_key UNIQUE (booking_id, version_number)
);
