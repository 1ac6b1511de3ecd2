-- COMMIT keeps the status again; what has gone back meanwhile stays as it is.
SELECT slotfill_off('tables-without-confirmation');
