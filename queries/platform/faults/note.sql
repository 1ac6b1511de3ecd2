-- Writes down that a fault is on, before its script reads what with.
-- params: $1 name text, $2 value text, $3 seed bigint, $4 day date
INSERT INTO slotfill_faults (name, value, seed, day)
VALUES ($1::text, $2::text, $3::bigint, $4::date)
