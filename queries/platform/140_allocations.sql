-- What takes a table, or a group of merged tables, and when. A hold's claim is a shadow and overlaps nobody.
CREATE TABLE allocations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE,
    resource_type text NOT NULL
        CONSTRAINT allocations_resource_type_check CHECK (resource_type IN ('table', 'merge_group')),
    resource_id uuid NOT NULL,
    shadow boolean NOT NULL DEFAULT false,
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    "window" tstzrange NOT NULL,
    created_by uuid,
    is_maintenance boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT allocations_booking_resource_key UNIQUE (booking_id, resource_type, resource_id),
    CONSTRAINT allocations_no_overlap
        EXCLUDE USING gist (restaurant_id WITH =, resource_type WITH =, resource_id WITH =, "window" WITH &&)
        WHERE (NOT shadow) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX allocations_shadow_resource_idx ON allocations (resource_id) WHERE shadow;
-- Deliberately no trigger that refreshes the table's status: it would make every hold lock the table's row.
