-- The tables of a hold.
CREATE TABLE table_hold_members (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    hold_id uuid NOT NULL REFERENCES table_holds (id) ON DELETE CASCADE,
    table_id uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT table_hold_members_hold_id_table_id_key UNIQUE (hold_id, table_id)
);
