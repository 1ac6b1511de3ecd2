-- Locks the holds that some runs left, by their tag or by their ids.
-- params: $1 runs text[], $2 holds uuid[]
-- returns: LockedHold
SELECT h.id AS hold_id
  FROM table_holds h
 WHERE h.metadata -> 'slotfill' ->> 'run' = ANY ($1::text[])
    OR h.id = ANY ($2::uuid[])
 ORDER BY h.id
   FOR UPDATE
