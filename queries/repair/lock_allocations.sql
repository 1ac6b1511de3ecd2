-- Locks these allocations. One that somebody is just changing is left alone.
-- params: $1 allocations uuid[]
-- returns: TakenRow
-- since: 15
SELECT l.id AS id
  FROM allocations l
 WHERE l.id = ANY ($1::uuid[])
 ORDER BY l.id
   FOR UPDATE SKIP LOCKED
