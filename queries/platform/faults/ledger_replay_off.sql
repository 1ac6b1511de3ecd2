-- The ledger forgets what was never assigned, and a replay without rows is an error again.
DELETE FROM booking_assignment_idempotency i
 USING slotfill_planted p
 WHERE p.fault = 'ledger-replay'
   AND p.relation = 'ledger'
   AND i.booking_id = p.id
   AND i.idempotency_key = 'ultra-fast-' || p.id;
SELECT slotfill_off('ledger-replay');
