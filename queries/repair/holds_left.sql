-- How many holds are older than they may live.
-- params: $1 restaurants uuid[], $2 ttl interval
-- returns: Counted
-- since: 15
SELECT count(*) AS count
  FROM table_holds h
 WHERE h.restaurant_id = ANY ($1::uuid[])
   AND h.created_at < clock_timestamp() - $2::interval
