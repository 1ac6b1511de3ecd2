-- The step takes the time it needs.
SELECT slotfill_off('slow-step');
