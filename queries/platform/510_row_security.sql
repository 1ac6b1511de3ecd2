-- Row security as on the platform: enabled and not forced, so whoever owns the tables sees all of them. Everybody else
-- may read how a restaurant is set up, and sees of what happens in it the rows of the restaurant in the context, and is
-- refused without one. The sub-selects ask for the context once a statement.

ALTER TABLE restaurants ENABLE ROW LEVEL SECURITY;
CREATE POLICY restaurants_read ON restaurants FOR SELECT USING (true);

ALTER TABLE zones ENABLE ROW LEVEL SECURITY;
CREATE POLICY zones_read ON zones FOR SELECT USING (true);

ALTER TABLE table_inventory ENABLE ROW LEVEL SECURITY;
CREATE POLICY table_inventory_read ON table_inventory FOR SELECT USING (true);

ALTER TABLE allowed_capacities ENABLE ROW LEVEL SECURITY;
CREATE POLICY allowed_capacities_read ON allowed_capacities FOR SELECT USING (true);

ALTER TABLE restaurant_operating_hours ENABLE ROW LEVEL SECURITY;
CREATE POLICY restaurant_operating_hours_read ON restaurant_operating_hours FOR SELECT USING (true);

ALTER TABLE restaurant_service_periods ENABLE ROW LEVEL SECURITY;
CREATE POLICY restaurant_service_periods_read ON restaurant_service_periods FOR SELECT USING (true);

ALTER TABLE table_adjacencies ENABLE ROW LEVEL SECURITY;
CREATE POLICY table_adjacencies_read ON table_adjacencies FOR SELECT USING (true);

ALTER TABLE service_policy ENABLE ROW LEVEL SECURITY;
CREATE POLICY service_policy_read ON service_policy FOR SELECT USING (true);

ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY customers_restaurant_context ON customers
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE bookings ENABLE ROW LEVEL SECURITY;
CREATE POLICY bookings_restaurant_context ON bookings
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE allocations ENABLE ROW LEVEL SECURITY;
CREATE POLICY allocations_restaurant_context ON allocations
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE allocations_archive ENABLE ROW LEVEL SECURITY;
CREATE POLICY allocations_archive_restaurant_context ON allocations_archive
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE booking_slots ENABLE ROW LEVEL SECURITY;
CREATE POLICY booking_slots_restaurant_context ON booking_slots
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE capacity_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY capacity_outbox_restaurant_context ON capacity_outbox
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

ALTER TABLE booking_confirmation_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY booking_confirmation_results_restaurant_context ON booking_confirmation_results
    USING (restaurant_id = (SELECT require_restaurant_context()))
    WITH CHECK (restaurant_id = (SELECT require_restaurant_context()));

-- It names no restaurant: its booking does.
ALTER TABLE booking_table_assignments ENABLE ROW LEVEL SECURITY;
CREATE POLICY booking_table_assignments_restaurant_context ON booking_table_assignments
    USING (EXISTS (
        SELECT
          FROM bookings b
         WHERE b.id = booking_id AND b.restaurant_id = (SELECT require_restaurant_context())
    ))
    WITH CHECK (EXISTS (
        SELECT
          FROM bookings b
         WHERE b.id = booking_id AND b.restaurant_id = (SELECT require_restaurant_context())
    ));
