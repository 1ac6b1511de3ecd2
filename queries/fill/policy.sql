-- The platform's one service policy. A service that ends at 24:00 ends with the day's last minute, as in `hours`.
-- returns: Policy
SELECT p.lunch_start AS lunch_start,
       least(p.lunch_end, '23:59'::time) AS lunch_end,
       p.dinner_start AS dinner_start,
       least(p.dinner_end, '23:59'::time) AS dinner_end,
       p.clean_buffer_minutes::int AS clean_buffer_minutes
  FROM service_policy p
 LIMIT 1
