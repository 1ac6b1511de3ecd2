-- How long each occasion lasts.
-- returns: OccasionRow
SELECT o.key AS key,
       o.default_duration_minutes::int AS minutes
  FROM booking_occasions o
 WHERE o.is_active
