-- COMMIT keeps the tables again; what has lost its tables meanwhile stays as it is.
SELECT slotfill_off('confirmed-without-tables');
