-- Which of some committed transactions this reading does not see: it was begun before they ended, here or on the server
-- that this one follows. What it lacks of them is no proof that it is lost.
-- params: $1 transactions bigint[]
-- returns: UnseenRow
SELECT x.id AS xid
  FROM unnest($1::bigint[]) AS x (id)
 WHERE NOT pg_visible_in_snapshot(x.id::text::xid8, pg_current_snapshot())
