-- Have a restaurant's idempotency key to oneself until the transaction ends: the lock the creating function takes too.
-- params: $1 restaurant uuid, $2 key text
-- returns: LockedRow
SELECT true AS locked
  FROM (SELECT pg_advisory_xact_lock(hashtextextended('booking_key/' || $1::uuid || '/' || $2::text, 0))) AS taken
