-- What is on.
-- returns: SwitchedRow
SELECT f.name AS name,
       f.value AS value,
       f.seed AS seed,
       f.day AS day
  FROM slotfill_faults f
 ORDER BY f.name
