-- Kept by triggers: one row per held table, so that no two holds take one table for overlapping times.
-- An exclusion cannot know what time it is: an expired hold blocks until somebody deletes it.
CREATE TABLE table_hold_windows (
    hold_id uuid NOT NULL REFERENCES table_holds (id) ON DELETE CASCADE,
    table_id uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    booking_id uuid,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    hold_window tstzrange GENERATED ALWAYS AS (tstzrange(start_at, end_at, '[)')) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (hold_id, table_id),
    CONSTRAINT thw_no_overlap EXCLUDE USING gist (table_id WITH =, hold_window WITH &&)
);
-- The platform has the same rule twice. The older one is asked first and is the name in a refusal. Added on its own:
-- CREATE TABLE would quietly merge the two.
ALTER TABLE table_hold_windows
    ADD CONSTRAINT table_hold_windows_no_overlap EXCLUDE USING gist (table_id WITH =, hold_window WITH &&);
