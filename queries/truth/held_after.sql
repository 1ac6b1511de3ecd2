-- What the database holds of bookings that carry the run's tag, one page after the other by their ids: of a million of them
-- nobody has room for all at once.
-- params: $1 run text, $2 after uuid, $3 most int
-- returns: HeldRow
SELECT b.booking_id AS booking_id,
       b.status AS status,
       b.key AS key,
       coalesce(given.tables, '{}') AS tables,
       b.party AS party,
       b.attempt AS attempt,
       b.starts AS starts,
       given.start AS start,
       given.end AS end,
       b.written_by AS written_by
  FROM (
           SELECT b.id AS booking_id,
                  b.status::text AS status,
                  coalesce(b.idempotency_key, '') AS key,
                  b.party_size AS party,
                  (b.details -> 'slotfill' ->> 'attempt')::int AS attempt,
                  b.start_at AS starts,
                  b.xmin::text::bigint AS written_by
             FROM bookings b
            WHERE b.details -> 'slotfill' ->> 'run' = $1::text
              AND b.id > $2::uuid
            ORDER BY b.id
            LIMIT $3::int
       ) AS b
 CROSS JOIN LATERAL (
           SELECT array_agg(t.table_number ORDER BY t.table_number) FILTER (WHERE t.id IS NOT NULL) AS tables,
                  min(a.start_at) AS start,
                  max(a.end_at) AS end
             FROM booking_table_assignments a
             LEFT JOIN table_inventory t ON t.id = a.table_id
            WHERE a.booking_id = b.booking_id
       ) AS given
 ORDER BY b.booking_id
