-- Gives a hold back with its windows and shadow allocations, and says so. False when it is gone already.
CREATE OR REPLACE FUNCTION release_hold_and_emit(p_hold_id uuid, p_actor_id uuid DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_hold table_holds%ROWTYPE;
    v_ids uuid[];
BEGIN
    SELECT * INTO v_hold FROM table_holds h WHERE h.id = p_hold_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT array_agg(m.table_id ORDER BY m.table_id) INTO v_ids FROM table_hold_members m WHERE m.hold_id = p_hold_id;
    DELETE FROM table_holds WHERE id = p_hold_id;
    INSERT INTO capacity_outbox (event_type, dedupe_key, restaurant_id, booking_id, payload)
    VALUES ('capacity.hold.released', p_hold_id::text, v_hold.restaurant_id, v_hold.booking_id,
            jsonb_build_object('holdId', p_hold_id, 'tableIds', coalesce(v_ids, '{}'), 'actorId', p_actor_id))
    ON CONFLICT DO NOTHING;
    RETURN true;
END
$$;
