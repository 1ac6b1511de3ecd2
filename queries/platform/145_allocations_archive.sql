-- Allocations of long ago, as prune_allocations_history moved them. References nothing: what it tells of may be gone.
CREATE TABLE allocations_archive (
    id uuid PRIMARY KEY,
    booking_id uuid,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    shadow boolean NOT NULL,
    restaurant_id uuid NOT NULL,
    "window" tstzrange NOT NULL,
    created_by uuid,
    is_maintenance boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX allocations_archive_restaurant_idx ON allocations_archive (restaurant_id, archived_at);
