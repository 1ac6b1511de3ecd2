-- Locks holds older than they may live, oldest first. One that somebody is just confirming or releasing is left alone.
-- params: $1 restaurants uuid[], $2 ttl interval, $3 at_most int
-- returns: LockedHold
-- since: 15
SELECT h.id AS hold_id
  FROM table_holds h
 WHERE h.restaurant_id = ANY ($1::uuid[])
   AND h.created_at < clock_timestamp() - $2::interval
 ORDER BY h.created_at, h.id
 LIMIT $3::int
   FOR UPDATE SKIP LOCKED
