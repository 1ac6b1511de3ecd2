-- Removes what faults noted.
-- params: $1 keys text[]
DELETE FROM slotfill_planted t
 WHERE t.fault || '/' || t.relation || '/' || t.id = ANY ($1::text[])
