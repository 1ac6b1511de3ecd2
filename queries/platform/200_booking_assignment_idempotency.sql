-- The ledger of assignments: one row per booking and key. expires_at is stored and never read, as on the platform.
CREATE TABLE booking_assignment_idempotency (
    booking_id uuid NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    idempotency_key text NOT NULL,
    table_ids uuid[] NOT NULL,
    assignment_window tstzrange NOT NULL,
    merge_group_allocation_id uuid REFERENCES allocations (id) ON DELETE SET NULL,
    table_set_hash text,
    payload_checksum text NOT NULL DEFAULT '',
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking_id, idempotency_key)
);
CREATE UNIQUE INDEX booking_assignment_idempotency_booking_hash_key
    ON booking_assignment_idempotency (booking_id, table_set_hash) WHERE table_set_hash IS NOT NULL;
CREATE INDEX booking_assignment_idempotency_merge_group_idx
    ON booking_assignment_idempotency (merge_group_allocation_id) WHERE merge_group_allocation_id IS NOT NULL;
