-- What faults noted of bookings.
-- params: $1 bookings uuid[]
-- returns: CleanRow
SELECT p.fault || '/' || p.relation || '/' || p.id AS key
  FROM slotfill_planted p
 WHERE p.id = ANY ($1::uuid[])
 ORDER BY 1
