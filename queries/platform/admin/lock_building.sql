-- One builder of templates at a time; released by pg_advisory_unlock or with the session.
SELECT pg_advisory_lock(hashtext('slotfill'), hashtext('template'))
