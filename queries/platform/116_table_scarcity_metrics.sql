-- How rare a kind of table is in a restaurant.
CREATE TABLE table_scarcity_metrics (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    table_type text NOT NULL,
    scarcity_score numeric NOT NULL
        CONSTRAINT table_scarcity_metrics_score_check CHECK (scarcity_score >= 0),
    computed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT table_scarcity_metrics_restaurant_type_key UNIQUE (restaurant_id, table_type)
);
