-- Deletes these allocations.
-- params: $1 allocations uuid[]
-- returns: TakenRow
-- since: 15
DELETE FROM allocations l
 WHERE l.id = ANY ($1::uuid[])
RETURNING l.id AS id
