-- Locks these bookings. One that somebody is just working on is left alone.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
SELECT b.id AS id
  FROM bookings b
 WHERE b.id = ANY ($1::uuid[])
 ORDER BY b.id
   FOR UPDATE SKIP LOCKED
