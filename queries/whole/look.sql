-- What has become of some bookings, with the tables they have and what the platform noted of its last attempt.
-- params: $1 bookings uuid[]
-- returns: WholeRow
SELECT b.id AS booking_id,
       b.status::text AS status,
       coalesce(taken.tables, ARRAY[]::text[]) AS tables,
       coalesce(taken.seats, 0) AS seats,
       z.name AS zone,
       (b.auto_assign_last_result ->> 'success')::text AS success,
       (b.auto_assign_last_result ->> 'reason')::text AS reason,
       (b.auto_assign_last_result ->> 'durationMs')::text AS duration_ms,
       (b.auto_assign_last_result ->> 'source')::text AS source
  FROM bookings b
  LEFT JOIN LATERAL (
         SELECT array_agg(t.table_number::text ORDER BY t.table_number) AS tables,
                sum(t.capacity)::int AS seats,
                (array_agg(t.zone_id ORDER BY t.table_number))[1] AS zone_id
           FROM booking_table_assignments a
           JOIN table_inventory t ON t.id = a.table_id
          WHERE a.booking_id = b.id
       ) AS taken ON true
  LEFT JOIN zones z ON z.id = coalesce(taken.zone_id, b.assigned_zone_id)
 WHERE b.id = ANY ($1::uuid[])
