-- One row per restaurant, date and time that was ever assigned. Nothing keeps its counts: it only gives a slot its id.
CREATE TABLE booking_slots (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    slot_date date NOT NULL,
    slot_time time NOT NULL,
    available_capacity integer NOT NULL DEFAULT 999,
    reserved_count integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT booking_slots_restaurant_slot_key UNIQUE (restaurant_id, slot_date, slot_time)
);
