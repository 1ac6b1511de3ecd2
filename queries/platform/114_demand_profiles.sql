-- How much is asked for on a weekday in a service window: above 1 wasted seats weigh more. 0 is Sunday.
CREATE TABLE demand_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid REFERENCES restaurants (id) ON DELETE CASCADE,
    day_of_week smallint NOT NULL CONSTRAINT demand_profiles_day CHECK (day_of_week BETWEEN 0 AND 6),
    service_window text NOT NULL,
    multiplier numeric NOT NULL DEFAULT 1 CONSTRAINT demand_profiles_multiplier_check CHECK (multiplier > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT demand_profiles_restaurant_day_window_key
        UNIQUE NULLS NOT DISTINCT (restaurant_id, day_of_week, service_window)
);
