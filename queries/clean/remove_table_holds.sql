-- Removes holds, whose tables were taken out before.
-- params: $1 keys text[]
DELETE FROM table_holds t
 WHERE t.id = ANY ($1::text[]::uuid[])
