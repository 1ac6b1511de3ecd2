-- What the selector weighs, for one restaurant or, where none is named, for all.
CREATE TABLE strategic_configs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid REFERENCES restaurants (id) ON DELETE CASCADE,
    scarcity_weight numeric NOT NULL DEFAULT 22
        CONSTRAINT strategic_configs_scarcity_weight_check CHECK (scarcity_weight >= 0),
    demand_multiplier_override numeric
        CONSTRAINT strategic_configs_demand_multiplier_check CHECK (demand_multiplier_override > 0),
    future_conflict_penalty numeric
        CONSTRAINT strategic_configs_future_conflict_check CHECK (future_conflict_penalty >= 0),
    updated_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT strategic_configs_restaurant_key UNIQUE NULLS NOT DISTINCT (restaurant_id)
);
