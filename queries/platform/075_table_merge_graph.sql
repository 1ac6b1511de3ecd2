-- How well two tables go together. Read by nothing that works, kept because the platform has it.
CREATE TABLE table_merge_graph (
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    table_a uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    table_b uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    merge_score integer NOT NULL DEFAULT 0,
    notes text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (restaurant_id, table_a, table_b),
    CONSTRAINT table_merge_graph_not_equal CHECK (table_a <> table_b)
);
