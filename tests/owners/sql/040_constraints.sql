-- Checks, keys and indexes in which the owners' tables differ from ours.

-- A hold cannot expire before the dinner it is for has ended.
ALTER TABLE table_holds
    DROP CONSTRAINT IF EXISTS th_times_consistent,
    DROP CONSTRAINT IF EXISTS table_holds_time_order_check,
    DROP CONSTRAINT IF EXISTS table_holds_window_check,
    DROP CONSTRAINT IF EXISTS table_holds_created_by_fkey;
ALTER TABLE table_holds
    ADD CONSTRAINT th_times_consistent CHECK (start_at < end_at AND expires_at >= end_at),
    ADD CONSTRAINT table_holds_time_order_check CHECK (start_at < end_at),
    ADD CONSTRAINT table_holds_window_check CHECK (start_at < end_at AND expires_at >= end_at),
    ADD CONSTRAINT table_holds_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users (id);

ALTER TABLE table_inventory DROP CONSTRAINT IF EXISTS table_inventory_allowed_capacity_fkey;
ALTER TABLE table_inventory
    ADD CONSTRAINT table_inventory_allowed_capacity_fkey FOREIGN KEY (restaurant_id, capacity)
        REFERENCES allowed_capacities (restaurant_id, capacity) NOT VALID;

CREATE UNIQUE INDEX IF NOT EXISTS zones_restaurant_name_idx ON zones (restaurant_id, lower(name));

ALTER TABLE booking_confirmation_results ALTER COLUMN metadata SET NOT NULL;
