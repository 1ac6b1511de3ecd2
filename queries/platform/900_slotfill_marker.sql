-- Says that slotfill may write here: on which server this database was made, so that a copy of it elsewhere is not taken for
-- ours, and, where somebody marked it by hand, under which name.
CREATE TABLE IF NOT EXISTS slotfill_marker (
    system_identifier text PRIMARY KEY,
    template text NOT NULL,
    database text
);
GRANT SELECT ON slotfill_marker TO PUBLIC;
