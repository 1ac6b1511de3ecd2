-- Which of some committed transactions this reading does not see: it was begun before they ended, here or on the server
-- that this one follows. What it lacks of them is no proof that it is lost. One that a server which follows nobody has not
-- even begun is not among them: a crash took it back, and what is lacking of it is lost.
-- params: $1 transactions bigint[]
-- returns: UnseenRow
-- since: 14
SELECT x.id AS xid
  FROM unnest($1::bigint[]) AS x (id)
 WHERE NOT pg_visible_in_snapshot(x.id::text::xid8, pg_current_snapshot())
   -- age() counts from the next transaction that will be given out, now and not at the snapshot's moment.
   AND (pg_is_in_recovery() OR age((x.id % 4294967296)::text::xid) > 0)
