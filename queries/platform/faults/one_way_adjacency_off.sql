-- Nothing was changed.
SELECT slotfill_off('one-way-adjacency');
