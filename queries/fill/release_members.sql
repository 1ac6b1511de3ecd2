-- Take the tables out of holds; before the holds themselves, or their shadow allocations would stay.
-- params: $1 holds uuid[]
DELETE FROM table_hold_members
 WHERE hold_id = ANY ($1::uuid[])
