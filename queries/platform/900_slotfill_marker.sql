-- Says which server this database was made on, so that a copy of it elsewhere is not taken for ours.
CREATE TABLE slotfill_marker (
    system_identifier text PRIMARY KEY,
    template text NOT NULL
);
