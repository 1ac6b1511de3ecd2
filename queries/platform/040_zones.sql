-- A zone of a restaurant's floor. All tables of one booking stand in one zone.
CREATE TABLE zones (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    name text NOT NULL,
    sort_order smallint NOT NULL DEFAULT 0,
    area_type area_type NOT NULL DEFAULT 'indoor',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT zones_name_not_blank CHECK (btrim(name) <> '')
);
-- The platform has the same index twice; the older name is the one a refusal carries.
CREATE UNIQUE INDEX zones_restaurant_name_idx ON zones (restaurant_id, lower(name));
CREATE UNIQUE INDEX zones_restaurant_name_key ON zones (restaurant_id, lower(name));
