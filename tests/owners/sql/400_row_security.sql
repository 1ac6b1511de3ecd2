-- Row security, enabled and not forced: owners and superusers see everything, service_role what its restaurant context
-- shows it, anybody else nothing. Roles belong to the server: another database may have made them.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['service_role', 'authenticated']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = v_role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', v_role);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA public, extensions TO %I', v_role);
        EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA public TO %I', v_role);
        EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO %I', v_role);
    END LOOP;
END
$$;

CREATE FUNCTION set_restaurant_context(p_restaurant_id uuid) RETURNS void
LANGUAGE sql AS $$
    SELECT set_config('app.restaurant_id', p_restaurant_id::text, false)
$$;

CREATE FUNCTION require_restaurant_context() RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_context text := coalesce(
        nullif(current_setting('app.restaurant_id', true), ''),
        nullif(current_setting('request.headers', true), '')::json ->> 'x-restaurant-id');
BEGIN
    IF v_context IS NULL THEN
        RAISE EXCEPTION 'Restaurant context is required' USING ERRCODE = '42501';
    END IF;
    RETURN v_context::uuid;
END
$$;

DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'restaurants', 'zones', 'table_inventory', 'table_adjacencies', 'allowed_capacities',
        'restaurant_operating_hours', 'restaurant_service_periods', 'bookings', 'customers', 'booking_table_assignments',
        'allocations', 'allocations_archive', 'booking_slots', 'capacity_outbox', 'booking_confirmation_results',
        'service_policy'
    ]
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    END LOOP;
    FOREACH v_table IN ARRAY ARRAY[
        'restaurants', 'zones', 'table_inventory', 'table_adjacencies', 'allowed_capacities',
        'restaurant_operating_hours', 'restaurant_service_periods', 'allocations_archive', 'booking_slots',
        'booking_confirmation_results', 'service_policy'
    ]
    LOOP
        EXECUTE format('CREATE POLICY service_role_all ON %I TO service_role USING (true) WITH CHECK (true)', v_table);
    END LOOP;
    FOREACH v_table IN ARRAY ARRAY['bookings', 'customers', 'allocations', 'capacity_outbox']
    LOOP
        EXECUTE format(
            'CREATE POLICY service_role_context ON %I TO service_role '
            'USING (restaurant_id = require_restaurant_context()) '
            'WITH CHECK (restaurant_id = require_restaurant_context())', v_table);
    END LOOP;
END
$$;

CREATE POLICY service_role_context ON booking_table_assignments TO service_role
    USING (require_restaurant_context() = (SELECT b.restaurant_id FROM bookings b WHERE b.id = booking_id))
    WITH CHECK (require_restaurant_context() = (SELECT b.restaurant_id FROM bookings b WHERE b.id = booking_id));
