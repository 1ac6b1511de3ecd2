-- A fault is off.
-- params: $1 name text
DELETE FROM slotfill_faults
 WHERE name = $1::text
