-- The platform's one service policy.
-- returns: Policy
SELECT p.lunch_start AS lunch_start,
       p.lunch_end AS lunch_end,
       p.dinner_start AS dinner_start,
       p.dinner_end AS dinner_end,
       p.clean_buffer_minutes::int AS clean_buffer_minutes
  FROM service_policy p
 LIMIT 1
