-- Slots that the run made, known by the transaction that wrote them or by the moment they share with what was assigned
-- in it, untouched since, and in which nobody else sits.
-- params: $1 bookings uuid[], $2 restaurants uuid[], $3 transactions bigint[], $4 assignments text[], $5 results text[], $6 history text[]
-- returns: CleanRow
-- since: 15
WITH moments AS (
  SELECT a.assigned_at AS at
    FROM booking_table_assignments a
   WHERE a.id = ANY ($4::text[]::uuid[])
   UNION
  SELECT (to_jsonb(r) ->> 'created_at')::timestamptz
    FROM booking_confirmation_results r
   WHERE r.booking_id || '/' || r.idempotency_key = ANY ($5::text[])
   UNION
  SELECT h.changed_at
    FROM booking_state_history h
   WHERE h.id = ANY ($6::text[]::bigint[])
)
SELECT s.id::text AS key
  FROM booking_slots s
 CROSS JOIN LATERAL (
         -- Not every platform's has these columns.
         SELECT (to_jsonb(s) ->> 'created_at')::timestamptz AS made, (to_jsonb(s) ->> 'updated_at')::timestamptz AS changed
       ) AS at
 WHERE s.restaurant_id = ANY ($2::uuid[])
   AND (s.xmin::text::bigint = ANY ($3::bigint[])
        OR (at.made = at.changed AND at.made IN (SELECT m.at FROM moments m)))
   AND NOT EXISTS (SELECT
                     FROM booking_table_assignments a
                    WHERE a.slot_id = s.id AND a.booking_id <> ALL ($1::uuid[]))
 ORDER BY s.id
