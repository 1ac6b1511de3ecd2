-- The bookings that an id, or the beginning of one, may mean: a range, as the primary key answers it at once.
-- params: $1 first uuid, $2 last uuid
-- returns: BookingNow
-- needs: SELECT on the platform's tables. since: 14
SELECT b.id AS booking_id,
       b.status::text AS status,
       b.party_size AS party,
       r.slug AS restaurant,
       coalesce(z.name, '') AS zone,
       b.start_at AS starts,
       b.end_at AS ends,
       coalesce(b.idempotency_key, '') AS key,
       b.assignment_state::text AS assignment_state,
       coalesce(b.details -> 'slotfill' ->> 'run', '') AS run,
       (b.details -> 'slotfill' ->> 'attempt')::int AS attempt,
       b.created_at AS created,
       b.updated_at AS changed
  FROM bookings b
  JOIN restaurants r ON r.id = b.restaurant_id
  LEFT JOIN zones z ON z.id = b.assigned_zone_id
 WHERE b.id >= $1::uuid
   AND b.id <= $2::uuid
 ORDER BY b.id
 LIMIT 9
