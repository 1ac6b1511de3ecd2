-- A hold ends when its time to live does, and the lost ones are gone.
SELECT slotfill_off('immortal-holds');
