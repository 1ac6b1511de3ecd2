-- When a restaurant is open. 0 is Sunday; a row with an effective date overrides its weekday.
CREATE TABLE restaurant_operating_hours (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    day_of_week smallint,
    effective_date date,
    opens_at time,
    closes_at time,
    is_closed boolean NOT NULL DEFAULT false,
    notes text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT restaurant_operating_hours_scope CHECK (day_of_week IS NOT NULL OR effective_date IS NOT NULL),
    CONSTRAINT restaurant_operating_hours_day CHECK (day_of_week BETWEEN 0 AND 6),
    CONSTRAINT restaurant_operating_hours_time_order
        CHECK (is_closed OR (opens_at IS NOT NULL AND closes_at IS NOT NULL AND opens_at < closes_at))
);
CREATE INDEX restaurant_operating_hours_restaurant_idx ON restaurant_operating_hours (restaurant_id, day_of_week);
