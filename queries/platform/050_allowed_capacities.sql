-- The table sizes a restaurant has; a table's capacity must be one of them.
CREATE TABLE allowed_capacities (
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    capacity smallint NOT NULL CONSTRAINT allowed_capacities_capacity_check CHECK (capacity > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (restaurant_id, capacity)
);
