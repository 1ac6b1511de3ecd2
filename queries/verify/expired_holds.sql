-- Holds past their expiry that are still there
-- grade: leftover
-- why: no exclusion constraint knows the time, so each blocks its tables until somebody sweeps it
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('hold %s from %s to %s UTC', left(f.id::text, 8),
              to_char(f.start_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
              to_char(f.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')) AS subject,
       f.booking_id AS booking_id,
       coalesce((SELECT string_agg(t.table_number, ', ' ORDER BY t.table_number)
                   FROM table_hold_members m
                   JOIN table_inventory t ON t.id = m.table_id
                  WHERE m.hold_id = f.id), '') AS tables,
       format('expired %s s ago', extract(epoch FROM now() - f.expires_at)::bigint) AS detail,
       f.total AS total
  FROM (
        SELECT h.id, h.booking_id, h.start_at, h.end_at, h.expires_at, count(*) OVER () AS total
          FROM table_holds h
         WHERE h.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND h.expires_at <= now()
         ORDER BY h.expires_at, h.id
         LIMIT 1000
       ) AS f
 ORDER BY f.expires_at, f.id
