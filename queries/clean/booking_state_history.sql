-- Changes of status: of bookings that go all; of those that are put back what the run's transactions wrote, known by
-- their ids or by the moment they share with what was confirmed in them.
-- params: $1 gone uuid[], $2 back uuid[], $3 transactions bigint[], $4 results text[]
-- returns: CleanRow
-- since: 15
SELECT h.id::text AS key
  FROM booking_state_history h
 WHERE h.booking_id = ANY ($1::uuid[])
    OR (h.booking_id = ANY ($2::uuid[])
        AND (h.xmin::text::bigint = ANY ($3::bigint[])
             OR EXISTS (SELECT
                          FROM booking_confirmation_results r
                         WHERE r.booking_id = h.booking_id
                           AND r.booking_id || '/' || r.idempotency_key = ANY ($4::text[])
                           -- Not every platform's has the column.
                           AND (to_jsonb(r) ->> 'created_at')::timestamptz = h.changed_at)))
 ORDER BY h.id
