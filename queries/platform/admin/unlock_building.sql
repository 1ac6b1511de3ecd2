-- Lets the next builder of templates go on.
SELECT pg_advisory_unlock(hashtext('slotfill'), hashtext('template'))
