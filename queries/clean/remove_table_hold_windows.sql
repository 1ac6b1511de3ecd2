-- Removes windows of holds that no trigger removed.
-- params: $1 keys text[]
DELETE FROM table_hold_windows t
 WHERE t.hold_id || '/' || t.table_id = ANY ($1::text[])
