-- Nothing is left for autovacuum to do in the clones. Only the tables that stay as they are: where those that a run fills
-- were analysed too, they would be known as empty, and every connection would go on reading them whole.
VACUUM ANALYZE restaurants, zones, allowed_capacities, table_inventory, table_adjacencies, booking_occasions,
               restaurant_operating_hours, restaurant_service_periods, service_policy
