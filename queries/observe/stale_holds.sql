-- Holds past their time that are still there: the exclusion constraint knows no expiry, so they block their tables.
-- Where a hold must outlast its dinner, as on the platform, its time to live is what expires_at has beyond the window.
-- returns: StaleHoldRow
-- needs: SELECT on the platform's tables. since: 14
SELECT f.id::text AS hold_id,
       ARRAY(SELECT t.table_number::text
               FROM table_hold_members m
               JOIN table_inventory t ON t.id = m.table_id
              WHERE m.hold_id = f.id
              ORDER BY t.table_number) AS tables,
       (extract(epoch FROM clock_timestamp() - f.over_at) * 1000000000)::bigint AS expired_for_ns,
       (extract(epoch FROM clock_timestamp() - f.created_at) * 1000000000)::bigint AS age_ns,
       r.slug AS restaurant,
       coalesce(z.name, '') AS zone,
       to_char(f.start_at AT TIME ZONE r.timezone, 'YYYY-MM-DD') AS day,
       to_char(f.start_at AT TIME ZONE r.timezone, 'HH24:MI') AS starts,
       to_char(f.end_at AT TIME ZONE r.timezone, 'HH24:MI') AS ends,
       coalesce(left(f.booking_id::text, 8), '') AS booking,
       coalesce(f.metadata -> 'slotfill' ->> 'run', '') AS run,
       CASE WHEN f.metadata -> 'slotfill' ->> 'attempt' ~ '^[0-9]{1,9}$'
            THEN (f.metadata -> 'slotfill' ->> 'attempt')::int
       END AS attempt,
       f.total AS total
  FROM (
        SELECT o.*,
               count(*) OVER () AS total
          FROM (
                SELECT h.*,
                       CASE WHEN h.expires_at > h.end_at
                            THEN least(h.expires_at, h.created_at + (h.expires_at - h.end_at))
                            ELSE h.expires_at
                       END AS over_at
                  FROM table_holds h
               ) AS o
         WHERE o.over_at < clock_timestamp()
         ORDER BY o.over_at, o.id
         LIMIT 100
       ) AS f
  JOIN restaurants r ON r.id = f.restaurant_id
  LEFT JOIN zones z ON z.id = f.zone_id
 ORDER BY f.over_at, f.id
