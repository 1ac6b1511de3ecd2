-- Nobody's run may work in this database until this transaction ends; false when one does.
-- returns: Occupied
SELECT pg_try_advisory_xact_lock(hashtext('slotfill'), hashtext('run')) AS free
