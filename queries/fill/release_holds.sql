-- Remove holds whose tables were taken out.
-- params: $1 holds uuid[]
DELETE FROM table_holds
 WHERE id = ANY ($1::uuid[])
