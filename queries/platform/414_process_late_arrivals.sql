-- Takes the tables from confirmed bookings whose guests are 15 minutes late, and says how many those were. They become
-- no_show: the platform wants PRIORITY_WAITLIST, which no row can have.
CREATE OR REPLACE FUNCTION process_late_arrivals() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_id uuid;
    v_count integer := 0;
BEGIN
    FOR v_id IN
        SELECT b.id
          FROM bookings b
         WHERE b.status = 'confirmed'
           AND b.checked_in_at IS NULL
           AND b.start_at <= now() - interval '15 minutes'
         ORDER BY b.id
           -- Whoever is being checked in this moment is not late.
           FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM unassign_tables_atomic(v_id);
        PERFORM apply_booking_state_transition(
            v_id, 'no_show', NULL, NULL, now(), 'confirmed', 'no_show', NULL, now(), 'late_arrival');
        v_count := v_count + 1;
    END LOOP;
    RETURN v_count;
END
$$;
