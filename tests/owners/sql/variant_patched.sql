-- As the live database was patched by hand: the dropped table is there again, empty, and the dropped enum.
CREATE TABLE restaurant_capacity_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    service_period_id uuid REFERENCES restaurant_service_periods (id) ON DELETE CASCADE,
    max_covers integer,
    max_parties integer
);
GRANT ALL ON restaurant_capacity_rules TO service_role, authenticated;
CREATE TYPE booking_type AS ENUM ('breakfast', 'lunch', 'dinner', 'drinks', 'christmas_party', 'curry_and_carols');
