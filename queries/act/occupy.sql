-- Be the one run in this database, until the session ends; false when another run is.
-- returns: Occupied
SELECT pg_try_advisory_lock(hashtext('slotfill'), hashtext('run')) AS free
