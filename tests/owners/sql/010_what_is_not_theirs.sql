-- Takes out of our reference schema what the fact sheet does not give the owners' database: extensions, policies, functions
-- (theirs follow; those that agree stay), tables and columns. By lists of what stays, so that what is added to ours is no theirs.
DROP EXTENSION IF EXISTS pgrowlocks CASCADE;
DROP EXTENSION IF EXISTS pg_stat_statements CASCADE;

DO $$
DECLARE
    v_gone record;
BEGIN
    FOR v_gone IN SELECT p.polname, p.polrelid::regclass AS at FROM pg_policy p
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', v_gone.polname, v_gone.at);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', v_gone.at);
    END LOOP;
    FOR v_gone IN
        SELECT p.oid::regprocedure AS signature
          FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace
           AND p.proname NOT IN ('bookings_set_instants', 'bookings_set_reference', 'booking_assignment_validation',
                                 'table_adjacencies_same_zone', 'is_table_available_v2', 'booking_status_summary')
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', v_gone.signature);
    END LOOP;
END
$$;

CREATE TEMP TABLE theirs (name text PRIMARY KEY, columns text);
INSERT INTO theirs (name, columns)
VALUES ('restaurants',
        'id name slug timezone capacity contact_email contact_phone address booking_policy reservation_interval_minutes '
        'reservation_default_duration_minutes reservation_last_seating_buffer_minutes is_active logo_url '
        'email_send_reminder_24h email_send_reminder_short email_send_review_request google_map_url created_at updated_at'),
       ('zones', 'id restaurant_id name sort_order area_type created_at updated_at'),
       ('table_inventory',
        'id restaurant_id table_number capacity min_party_size max_party_size section status position notes zone_id '
        'category seating_type mobility active created_at updated_at'),
       ('table_adjacencies', 'table_a table_b created_at'),
       ('allowed_capacities', 'restaurant_id capacity created_at updated_at'),
       ('restaurant_operating_hours',
        'id restaurant_id day_of_week effective_date opens_at closes_at is_closed notes'),
       ('restaurant_service_periods', 'id restaurant_id name day_of_week start_time end_time booking_option'),
       ('booking_occasions',
        'key label short_label description availability default_duration_minutes display_order is_active'),
       ('service_policy',
        'id lunch_start lunch_end dinner_start dinner_end clean_buffer_minutes allow_after_hours'),
       ('customers',
        'id restaurant_id full_name email phone email_normalized phone_normalized marketing_opt_in auth_user_id '
        'user_profile_id notes'),
       ('bookings',
        'id restaurant_id customer_id booking_date start_time end_time start_at end_at party_size seating_preference '
        'status customer_name customer_email customer_phone notes reference source booking_type idempotency_key '
        'client_request_id pending_ref details marketing_opt_in confirmation_token confirmation_token_expires_at '
        'confirmation_token_used_at auth_user_id checked_in_at checked_out_at loyalty_points_awarded assigned_zone_id '
        'auto_assign_idempotency_key auto_assign_last_result assignment_state assignment_state_version '
        'assignment_strategy created_at updated_at'),
       ('booking_table_assignments',
        'id booking_id table_id slot_id assigned_at assigned_by notes idempotency_key start_at end_at allocation_id '
        'merge_group_id assignment_window'),
       ('allocations',
        'id booking_id resource_type resource_id shadow restaurant_id window created_by is_maintenance'),
       ('table_holds',
        'id restaurant_id booking_id zone_id start_at end_at expires_at created_by metadata session_id status '
        'last_touched_at created_at'),
       ('table_hold_members', 'id hold_id table_id'),
       ('table_hold_windows', 'hold_id table_id restaurant_id booking_id start_at end_at expires_at hold_window'),
       ('booking_slots',
        'id restaurant_id slot_date slot_time available_capacity reserved_count version'),
       ('booking_assignment_idempotency',
        'booking_id idempotency_key table_ids assignment_window merge_group_allocation_id table_set_hash '
        'payload_checksum expires_at'),
       ('booking_confirmation_results',
        'booking_id idempotency_key hold_id table_ids assignment_window actor_id metadata'),
       ('booking_state_history', 'id booking_id from_status to_status changed_by changed_at reason metadata'),
       ('observability_events', 'id created_at source event_type severity context restaurant_id booking_id'),
       ('capacity_outbox',
        'id status event_type dedupe_key attempt_count next_attempt_at restaurant_id booking_id idempotency_key payload'),
       ('feature_flag_overrides', 'id flag environment value notes'),
       -- Named by the fact sheet without their columns: whatever ours has.
       ('table_merge_graph', NULL),
       ('strategic_configs', NULL),
       ('demand_profiles', NULL),
       ('table_scarcity_metrics', NULL),
       ('booking_assignment_state_history', NULL),
       ('booking_assignment_attempts', NULL),
       ('manual_assignment_sessions', NULL),
       ('booking_versions', NULL),
       ('analytics_events', NULL),
       ('profiles', NULL),
       ('user_profiles', NULL);

DO $$
DECLARE
    v_gone record;
BEGIN
    FOR v_gone IN
        SELECT c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END AS kind
          FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace
           AND c.relkind IN ('r', 'v', 'm')
           AND c.relname NOT IN (SELECT t.name FROM theirs t)
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('DROP %s IF EXISTS public.%I CASCADE', v_gone.kind, v_gone.name);
    END LOOP;
    FOR v_gone IN
        SELECT t.name, a.attname
          FROM theirs t
          JOIN pg_attribute a ON a.attrelid = to_regclass('public.' || t.name) AND a.attnum > 0 AND NOT a.attisdropped
         WHERE t.columns IS NOT NULL
           AND a.attname <> ALL (string_to_array(t.columns, ' '))
    LOOP
        EXECUTE format('ALTER TABLE public.%I DROP COLUMN IF EXISTS %I CASCADE', v_gone.name, v_gone.attname);
    END LOOP;
END
$$;

DROP TABLE theirs;
