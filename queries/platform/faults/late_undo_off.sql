-- What is confirmed stays confirmed; what was undone stays so.
SELECT slotfill_off('late-undo');
