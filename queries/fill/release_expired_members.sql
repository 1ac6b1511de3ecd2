-- Take the tables out of those of the holds that have expired by the server's clock.
-- params: $1 holds uuid[]
DELETE FROM table_hold_members m
 USING table_holds h
 WHERE h.id = m.hold_id
   AND h.id = ANY ($1::uuid[])
   AND h.expires_at <= clock_timestamp()
