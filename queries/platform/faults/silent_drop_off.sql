-- COMMIT keeps what was written; what was lost stays lost.
SELECT slotfill_off('silent-drop');
