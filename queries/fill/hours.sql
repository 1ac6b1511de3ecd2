-- A restaurant's weekly opening hours.
-- params: $1 restaurant uuid
-- returns: Hours
SELECT h.day_of_week::int AS day_of_week,
       h.opens_at AS opens_at,
       h.closes_at AS closes_at,
       h.is_closed AS is_closed
  FROM restaurant_operating_hours h
 WHERE h.restaurant_id = $1::uuid
   AND h.day_of_week IS NOT NULL
   AND h.effective_date IS NULL
 ORDER BY h.day_of_week
