-- Takes tables out of holds; before the holds themselves, or their shadow allocations would stay.
-- params: $1 keys text[]
DELETE FROM table_hold_members t
 WHERE t.hold_id || '/' || t.table_id = ANY ($1::text[])
