-- How many bookings of a restaurant have each status, from one day to another, both counted. Only those statuses that
-- somebody has.
CREATE OR REPLACE FUNCTION booking_status_summary(
    p_restaurant_id uuid,
    p_start_date date,
    p_end_date date,
    p_statuses booking_status[] DEFAULT NULL
) RETURNS TABLE (status booking_status, total bigint)
LANGUAGE sql STABLE AS $$
    SELECT b.status, count(*)
      FROM bookings b
     WHERE b.restaurant_id = p_restaurant_id
       AND b.booking_date BETWEEN p_start_date AND p_end_date
       AND (p_statuses IS NULL OR b.status = ANY (p_statuses))
     GROUP BY b.status
     ORDER BY b.status
$$;
