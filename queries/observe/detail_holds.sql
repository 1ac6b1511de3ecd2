-- The holds that lie on a booking, expired ones too, as the exclusion constraint does not know the time.
-- params: $1 booking uuid
-- returns: HoldNow
-- needs: SELECT on the platform's tables. since: 14
SELECT left(h.id::text, 8) AS hold,
       h.status::text AS status,
       coalesce((SELECT array_agg(t.table_number::text ORDER BY t.table_number)
                   FROM table_hold_members m
                   JOIN table_inventory t ON t.id = m.table_id
                  WHERE m.hold_id = h.id), '{}') AS tables,
       h.start_at AS starts,
       h.end_at AS ends,
       (extract(epoch FROM h.expires_at - clock_timestamp()) * 1000000000)::bigint AS expires_in_ns,
       (SELECT count(*) FROM table_hold_windows w WHERE w.hold_id = h.id)::int AS windows,
       h.created_at AS created
  FROM table_holds h
 WHERE h.booking_id = $1::uuid
 ORDER BY h.created_at
 LIMIT 40
