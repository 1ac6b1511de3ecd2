-- Which tables a booking has, and for how long. A row blocks its table whatever became of the booking.
CREATE TABLE booking_table_assignments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    table_id uuid NOT NULL REFERENCES table_inventory (id) ON DELETE RESTRICT,
    slot_id uuid REFERENCES booking_slots (id) ON DELETE SET NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    assigned_by uuid,
    notes text,
    idempotency_key text,
    start_at timestamptz,
    end_at timestamptz,
    allocation_id uuid REFERENCES allocations (id) ON DELETE SET NULL,
    merge_group_id uuid REFERENCES allocations (id) ON DELETE SET NULL,
    -- A range of two nulls would be all of time and block everything.
    assignment_window tstzrange GENERATED ALWAYS AS (
        CASE WHEN start_at IS NOT NULL AND end_at IS NOT NULL THEN tstzrange(start_at, end_at, '[)') END
    ) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT booking_table_assignments_booking_table_key UNIQUE (booking_id, table_id),
    CONSTRAINT booking_table_assignments_table_id_slot_id_key UNIQUE (table_id, slot_id),
    CONSTRAINT no_overlapping_table_assignments
        EXCLUDE USING gist (table_id WITH =, tstzrange(start_at, end_at) WITH &&)
        WHERE (start_at IS NOT NULL AND end_at IS NOT NULL),
    CONSTRAINT bta_no_overlap EXCLUDE USING gist (table_id WITH =, assignment_window WITH &&)
);
-- The two references to allocations are looked up when an allocation goes.
CREATE INDEX booking_table_assignments_allocation_idx ON booking_table_assignments (allocation_id);
CREATE INDEX booking_table_assignments_merge_group_idx
    ON booking_table_assignments (merge_group_id) WHERE merge_group_id IS NOT NULL;
