-- A hold matters for its own time, and its refusal can be read.
SELECT slotfill_off('masked-hold-conflict');
