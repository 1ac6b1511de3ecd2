-- The windows of holds.
-- params: $1 holds uuid[]
-- returns: CleanRow
SELECT w.hold_id || '/' || w.table_id AS key
  FROM table_hold_windows w
 WHERE w.hold_id = ANY ($1::uuid[])
 ORDER BY 1
