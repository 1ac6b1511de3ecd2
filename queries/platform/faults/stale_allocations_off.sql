-- The allocations of the cancelled bookings are gone, and the bookings with them.
SELECT slotfill_off('stale-allocations');
