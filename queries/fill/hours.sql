-- A restaurant's opening hours: by weekday, and of single dates, which override theirs.
-- Midnight, which Postgres writes 24:00 too, is the day's last minute: no other clock has that time.
-- params: $1 restaurant uuid
-- returns: Hours
SELECT coalesce(h.day_of_week, extract(dow FROM h.effective_date))::int AS day_of_week,
       h.opens_at AS opens_at,
       CASE WHEN h.closes_at > '23:59'::time THEN '23:59'::time ELSE h.closes_at END AS closes_at,
       h.is_closed AS is_closed,
       h.effective_date AS effective_date
  FROM restaurant_operating_hours h
 WHERE h.restaurant_id = $1::uuid
 ORDER BY day_of_week, effective_date
