-- What the database holds of some bookings, by their ids alone: cheap enough to be asked again and again during a run.
-- Who made a booking is not read: it lies in a document, and whoever asks by id knows.
-- params: $1 bookings uuid[]
-- returns: HeldRow
SELECT b.id AS booking_id,
       b.status::text AS status,
       coalesce(b.idempotency_key, '') AS key,
       coalesce(given.tables, '{}') AS tables,
       b.party_size AS party,
       NULL::int AS attempt,
       b.start_at AS starts,
       given.start AS start,
       given.end AS end,
       b.xmin::text::bigint AS written_by
  FROM bookings b
 CROSS JOIN LATERAL (
           SELECT array_agg(t.table_number ORDER BY t.table_number) FILTER (WHERE t.id IS NOT NULL) AS tables,
                  min(a.start_at) AS start,
                  max(a.end_at) AS end
             FROM booking_table_assignments a
             LEFT JOIN table_inventory t ON t.id = a.table_id
            WHERE a.booking_id = b.id
       ) AS given
 WHERE b.id = ANY ($1::uuid[])
