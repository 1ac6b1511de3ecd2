-- How many covers a restaurant has in a window, and how many of them bookings take. One booking may be left out of the
-- count: the one that is being changed.
CREATE OR REPLACE FUNCTION booking_capacity(
    p_restaurant_id uuid,
    p_booking_date date,
    p_start_time time,
    p_end_time time,
    p_except_booking_id uuid DEFAULT NULL
) RETURNS TABLE (max_covers integer, booked_covers integer)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
               r.capacity,
               (SELECT sum(t.capacity) FROM table_inventory t WHERE t.restaurant_id = r.id AND t.active),
               0
           )::integer,
           (
               SELECT coalesce(sum(b.party_size), 0)
                 FROM bookings b
                WHERE b.restaurant_id = r.id
                  AND b.booking_date = p_booking_date
                  AND b.start_time < p_end_time
                  AND b.end_time > p_start_time
                  -- checked_in too: those guests are sitting there.
                  AND b.status IN ('pending', 'pending_allocation', 'confirmed', 'checked_in')
                  AND b.id IS DISTINCT FROM p_except_booking_id
           )::integer
      FROM restaurants r
     WHERE r.id = p_restaurant_id
$$;
