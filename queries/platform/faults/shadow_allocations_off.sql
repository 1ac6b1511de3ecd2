-- A hold that goes takes its shadow allocations along again.
SELECT slotfill_off('shadow-allocations');
