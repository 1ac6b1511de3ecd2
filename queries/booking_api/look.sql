-- What has become of a booking, with the tables it has.
-- params: $1 booking uuid
-- returns: LookRow
SELECT b.id AS id,
       b.restaurant_id AS restaurant_id,
       b.status::text AS status,
       coalesce(taken.tables, ARRAY[]::text[]) AS tables,
       coalesce(taken.seats, 0) AS seats,
       z.name AS zone,
       b.auto_assign_last_result::text AS auto_assign_last_result,
       b.confirmation_token AS confirmation_token,
       b.details #>> '{slotfill,correlation}' AS correlation,
       b.idempotency_key AS idempotency_key
  FROM bookings b
  LEFT JOIN LATERAL (
         SELECT array_agg(t.table_number ORDER BY t.table_number) AS tables,
                sum(t.capacity)::int AS seats,
                (array_agg(t.zone_id))[1] AS zone_id
           FROM booking_table_assignments a
           JOIN table_inventory t ON t.id = a.table_id
          WHERE a.booking_id = b.id
       ) AS taken ON true
  LEFT JOIN zones z ON z.id = taken.zone_id
 WHERE b.id = $1::uuid
