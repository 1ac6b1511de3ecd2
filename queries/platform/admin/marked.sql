-- Whether this database carries the marker at all.
SELECT to_regclass('public.slotfill_marker') IS NOT NULL AS marked
