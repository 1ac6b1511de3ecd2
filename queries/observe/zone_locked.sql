-- Pending bookings without tables that are locked to a zone, longest first: an assignment that was undone left the
-- lock behind, and an attempt in another zone would be refused.
-- returns: ZoneLockedRow
-- needs: SELECT on the platform's tables. since: 14
SELECT left(b.id::text, 8) AS booking,
       z.name AS zone,
       greatest(0, extract(epoch FROM clock_timestamp() - b.updated_at) * 1000000000)::bigint AS age_ns,
       r.slug AS restaurant,
       to_char(b.booking_date, 'YYYY-MM-DD') AS day,
       to_char(b.start_time, 'HH24:MI') AS slot,
       b.party_size AS party,
       coalesce(b.details -> 'slotfill' ->> 'run', '') AS run,
       count(*) OVER () AS total
  FROM bookings b
  JOIN restaurants r ON r.id = b.restaurant_id
  JOIN zones z ON z.id = b.assigned_zone_id
 WHERE b.status = 'pending'
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
 ORDER BY b.updated_at, b.id
 LIMIT 100
