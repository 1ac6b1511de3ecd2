-- What the booking route must know of every active restaurant beside its floor.
-- returns: HouseRow
SELECT r.id AS id,
       r.slug AS slug,
       r.reservation_interval_minutes AS interval_minutes,
       r.reservation_default_duration_minutes AS duration_minutes,
       r.reservation_last_seating_buffer_minutes AS buffer_minutes
  FROM restaurants r
 WHERE r.is_active
 ORDER BY r.slug
