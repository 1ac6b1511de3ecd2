-- Remove those of the holds that have expired and hold no table any more.
-- params: $1 holds uuid[]
DELETE FROM table_holds h
 WHERE h.id = ANY ($1::uuid[])
   AND h.expires_at <= clock_timestamp()
   AND NOT EXISTS (SELECT 1 FROM table_hold_members m WHERE m.hold_id = h.id)
