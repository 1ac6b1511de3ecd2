-- The tables of holds.
-- params: $1 holds uuid[]
-- returns: CleanRow
SELECT m.hold_id || '/' || m.table_id AS key
  FROM table_hold_members m
 WHERE m.hold_id = ANY ($1::uuid[])
 ORDER BY 1
