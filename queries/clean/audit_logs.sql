-- Who changed what: everything that names a booking that goes, and the life of each assignment that the run made, told
-- by its id or by the transaction that wrote the row.
-- params: $1 gone uuid[], $2 back uuid[], $3 assignments text[], $4 transactions bigint[]
-- returns: CleanRow
-- since: 15
WITH named AS (
  SELECT a.id,
         a.entity_id,
         -- The platform's own spelling, and ours.
         coalesce(a.metadata ->> 'bookingId', a.metadata ->> 'booking_id') AS booking,
         a.xmin::text::bigint AS xid
    FROM audit_logs a
), made AS (
  SELECT n.entity_id
    FROM named n
   WHERE n.booking = ANY ($2::uuid[]::text[])
     AND n.xid = ANY ($4::bigint[])
)
SELECT n.id::text AS key
  FROM named n
 WHERE n.booking = ANY ($1::uuid[]::text[])
    OR n.entity_id = ANY ($1::uuid[]::text[])
    OR n.entity_id = ANY ($3::text[])
    OR n.entity_id IN (SELECT m.entity_id FROM made m)
 ORDER BY n.id
