-- A booking's status.
-- params: $1 booking uuid
-- returns: StatusRow
SELECT b.status::text AS status
  FROM bookings b
 WHERE b.id = $1::uuid
