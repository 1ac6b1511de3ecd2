-- The keys that the platform's ledger of assignments has for a booking, and the hold that was confirmed with each.
-- When one was entered is read from the row as a document: not every platform keeps it.
-- params: $1 booking uuid
-- returns: LedgerKey
-- needs: SELECT on the platform's tables. since: 14
SELECT k.idempotency_key AS key,
       coalesce((SELECT array_agg(t.table_number::text ORDER BY t.table_number)
                   FROM table_inventory t
                  WHERE t.id = ANY (k.table_ids)), '{}') AS tables,
       lower(k.assignment_window) AS starts,
       upper(k.assignment_window) AS ends,
       coalesce(left(c.hold_id::text, 8), '') AS hold,
       (to_jsonb(k) ->> 'created_at')::timestamptz AS created
  FROM booking_assignment_idempotency k
  LEFT JOIN booking_confirmation_results c ON c.booking_id = k.booking_id AND c.idempotency_key = k.idempotency_key
 WHERE k.booking_id = $1::uuid
 ORDER BY 6, 1
 LIMIT 40
