-- Bookings that carry the run's tag or one of its keys, or are among these, as they stand now.
-- params: $1 run text, $2 prefix text, $3 bookings uuid[], $4 holds uuid[], $5 restaurants uuid[]
-- returns: StandingBooking
-- since: 15
SELECT b.id AS booking_id,
       b.status::text AS status,
       coalesce(b.idempotency_key, '') AS key,
       coalesce(b.details -> 'slotfill' ->> 'run' = $1::text, false) AS is_tagged,
       b.assigned_zone_id AS zone_id,
       b.xmin::text::bigint AS xid,
       ARRAY(SELECT t.table_number::text
               FROM booking_table_assignments a
               JOIN table_inventory t ON t.id = a.table_id
              WHERE a.booking_id = b.id
              ORDER BY t.table_number) AS tables,
       ARRAY(SELECT DISTINCT coalesce(a.idempotency_key, '')
               FROM booking_table_assignments a
              WHERE a.booking_id = b.id) AS keys,
       ARRAY(SELECT h.id
               FROM table_holds h
              WHERE h.booking_id = b.id
                AND h.id <> ALL ($4::uuid[])
                AND h.metadata -> 'slotfill' ->> 'run' IS DISTINCT FROM $1::text) AS holds,
       -- Something in the platform's books says that this run confirmed it.
       EXISTS (SELECT
                 FROM booking_confirmation_results r
                WHERE r.booking_id = b.id
                  AND (r.hold_id = ANY ($4::uuid[])
                       OR starts_with(r.idempotency_key, $2::text)
                       OR r.metadata -> 'slotfill' ->> 'run' = $1::text))
         OR EXISTS (SELECT
                      FROM booking_assignment_idempotency i
                     WHERE i.booking_id = b.id AND starts_with(i.idempotency_key, $2::text))
         OR EXISTS (SELECT
                      FROM booking_table_assignments a
                     WHERE a.booking_id = b.id AND starts_with(a.idempotency_key, $2::text)) AS is_in_books
  FROM bookings b
 WHERE b.restaurant_id = ANY ($5::uuid[])
   AND (b.id = ANY ($3::uuid[])
        OR starts_with(b.idempotency_key, $2::text)
        OR b.details -> 'slotfill' ->> 'run' = $1::text)
 ORDER BY b.id
