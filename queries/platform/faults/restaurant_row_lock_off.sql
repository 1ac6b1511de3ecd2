-- The check locks the booking alone again.
SELECT slotfill_off('restaurant-row-lock');
