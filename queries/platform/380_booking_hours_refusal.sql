-- Why a restaurant does not take a booking at these hours, or null when it does. 0 is Sunday; what is said for a date
-- overrides its weekday. A restaurant that says nothing at all is always open.
CREATE OR REPLACE FUNCTION booking_hours_refusal(
    p_restaurant_id uuid,
    p_booking_date date,
    p_start_time time,
    p_end_time time
) RETURNS text
LANGUAGE sql STABLE AS $$
    WITH said AS (
        SELECT h.day_of_week, h.effective_date, h.opens_at, h.closes_at, h.is_closed
          FROM restaurant_operating_hours h
         WHERE h.restaurant_id = p_restaurant_id
    ), day AS (
        SELECT s.opens_at, s.closes_at, s.is_closed
          FROM said s
         WHERE s.effective_date = p_booking_date
            OR (s.effective_date IS NULL
                AND s.day_of_week = extract(dow FROM p_booking_date)
                AND NOT EXISTS (SELECT FROM said o WHERE o.effective_date = p_booking_date))
    )
    SELECT CASE
               WHEN NOT EXISTS (SELECT FROM said) THEN NULL
               WHEN NOT EXISTS (SELECT FROM day d WHERE NOT d.is_closed)
                   THEN format('The restaurant is closed on %s.', to_char(p_booking_date, 'YYYY-MM-DD'))
               WHEN NOT EXISTS (
                        SELECT
                          FROM day d
                         WHERE NOT d.is_closed AND p_start_time >= d.opens_at AND p_end_time <= d.closes_at
                    )
                   THEN 'The requested time is outside configured operating hours.'
           END
$$;
