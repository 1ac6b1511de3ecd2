-- What guests did, as the application reports it.
CREATE TABLE analytics_events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event_type text NOT NULL,
    schema_version text NOT NULL DEFAULT '1.0.0',
    restaurant_id uuid REFERENCES restaurants (id) ON DELETE CASCADE,
    booking_id uuid REFERENCES bookings (id) ON DELETE CASCADE,
    customer_id uuid REFERENCES customers (id) ON DELETE SET NULL,
    emitted_by text NOT NULL DEFAULT 'server',
    payload jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Only for rows that name one: a fill's bookings have none, and their deletion must not read the whole table.
CREATE INDEX analytics_events_booking_idx ON analytics_events (booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX analytics_events_customer_idx ON analytics_events (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX analytics_events_restaurant_idx ON analytics_events (restaurant_id, occurred_at);
