-- Refuses an assignment whose tables seat fewer than the party. Locks the booking alone: a lock on the restaurant would
-- meet the key-share locks of everybody else's foreign keys, and all assignments of one restaurant would deadlock.
CREATE OR REPLACE FUNCTION validate_booking_capacity_after_assignment(p_booking_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_party integer;
    v_seats integer;
BEGIN
    SELECT b.party_size INTO v_party FROM bookings b WHERE b.id = p_booking_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Booking % not found', p_booking_id USING ERRCODE = 'P0002';
    END IF;
    SELECT coalesce(sum(t.capacity), 0) INTO v_seats
      FROM booking_table_assignments a
      JOIN table_inventory t ON t.id = a.table_id
     WHERE a.booking_id = p_booking_id;
    IF v_seats < v_party THEN
        RAISE EXCEPTION 'capacity_exceeded_post_assignment'
            USING ERRCODE = 'P0001',
                  DETAIL = format('Booking %s is for %s and its tables seat %s', p_booking_id, v_party, v_seats);
    END IF;
END
$$;
