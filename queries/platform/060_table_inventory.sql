-- The tables of the floor.
CREATE TABLE table_inventory (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    table_number text NOT NULL,
    capacity integer NOT NULL,
    min_party_size integer NOT NULL DEFAULT 1,
    max_party_size integer,
    section text,
    status table_status NOT NULL DEFAULT 'available',
    position jsonb,
    notes text,
    zone_id uuid NOT NULL REFERENCES zones (id) ON DELETE RESTRICT,
    category table_category NOT NULL,
    seating_type table_seating_type NOT NULL DEFAULT 'standard',
    mobility table_mobility NOT NULL DEFAULT 'movable',
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT table_inventory_restaurant_id_table_number_key UNIQUE (restaurant_id, table_number),
    CONSTRAINT table_inventory_min_party_check CHECK (min_party_size > 0),
    CONSTRAINT table_inventory_max_party_check CHECK (max_party_size IS NULL OR max_party_size >= min_party_size),
    CONSTRAINT table_inventory_allowed_capacity_fkey
        FOREIGN KEY (restaurant_id, capacity) REFERENCES allowed_capacities (restaurant_id, capacity)
);
CREATE UNIQUE INDEX table_inventory_restaurant_number_lower_key ON table_inventory (restaurant_id, lower(table_number));
CREATE INDEX table_inventory_zone_idx ON table_inventory (zone_id);
