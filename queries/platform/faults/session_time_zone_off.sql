-- Now is now again, whatever the session's zone.
SELECT slotfill_off('session-time-zone');
