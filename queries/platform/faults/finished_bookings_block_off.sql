-- The planted bookings are gone, and their tables are free.
SELECT slotfill_off('finished-bookings-block');
