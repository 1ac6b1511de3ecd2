-- Idempotency keys that were used and whose tables are gone
-- grade: leftover
-- why: the same key again is answered with success and no rows, another key for the same tables is refused
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: FindingRow
-- since: 15
SELECT format('booking %s, %s %s, party of %s', f.reference, to_char(f.booking_date, 'YYYY-MM-DD'),
              to_char(f.start_time, 'HH24:MI'), f.party_size) AS subject,
       f.id AS booking_id,
       coalesce((SELECT string_agg(t.table_number, ', ' ORDER BY t.table_number)
                   FROM table_inventory t
                  WHERE t.id = ANY (f.table_ids)), '') AS tables,
       format('%s, key %s', f.status, f.idempotency_key) AS detail,
       f.total AS total
  FROM (
        SELECT b.id,
               b.reference,
               b.booking_date,
               b.start_time,
               b.party_size,
               b.status::text AS status,
               i.idempotency_key,
               i.table_ids,
               count(*) OVER () AS total
          FROM booking_assignment_idempotency i
          JOIN bookings b ON b.id = i.booking_id
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND $2::interval IS NOT NULL
           AND NOT EXISTS (SELECT
                             FROM booking_table_assignments a
                            WHERE a.booking_id = i.booking_id AND a.idempotency_key = i.idempotency_key)
         ORDER BY b.booking_date, b.start_time, b.id, i.idempotency_key
         LIMIT 1000
       ) AS f
 ORDER BY f.booking_date, f.start_time, f.id, f.idempotency_key
