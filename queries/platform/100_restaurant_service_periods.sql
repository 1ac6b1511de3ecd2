-- The services of a day and what can be booked in each. A null weekday is every day.
CREATE TABLE restaurant_service_periods (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    name text NOT NULL,
    day_of_week smallint CONSTRAINT restaurant_service_periods_day CHECK (day_of_week BETWEEN 0 AND 6),
    start_time time NOT NULL,
    end_time time NOT NULL,
    booking_option text NOT NULL DEFAULT 'drinks' REFERENCES booking_occasions (key) ON UPDATE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT restaurant_service_periods_time_order CHECK (start_time < end_time)
);
CREATE INDEX restaurant_service_periods_restaurant_idx ON restaurant_service_periods (restaurant_id, day_of_week);
