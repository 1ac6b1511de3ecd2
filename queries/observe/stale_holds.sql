-- Holds past their expiry that are still there: the exclusion constraint has no expiry, so they block their tables.
-- returns: StaleHoldRow
-- needs: SELECT on the platform's tables. since: 14
SELECT h.id::text AS hold_id,
       coalesce(array_agg(t.table_number ORDER BY t.table_number) FILTER (WHERE t.id IS NOT NULL), '{}'::text[]) AS tables,
       (extract(epoch FROM clock_timestamp() - h.expires_at) * 1000000000)::bigint AS expired_for_ns
  FROM table_holds h
  LEFT JOIN table_hold_members m ON m.hold_id = h.id
  LEFT JOIN table_inventory t ON t.id = m.table_id
 WHERE h.expires_at < clock_timestamp()
 GROUP BY h.id, h.expires_at
 ORDER BY h.expires_at, h.id
 LIMIT 100
