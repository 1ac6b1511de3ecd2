-- Which tables may be pushed together. A pair is stored in one direction only and read in both.
CREATE TABLE table_adjacencies (
    table_a uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    table_b uuid NOT NULL REFERENCES table_inventory (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_a, table_b),
    CONSTRAINT table_adjacencies_not_equal CHECK (table_a <> table_b)
);
CREATE UNIQUE INDEX table_adjacencies_canonical_unique
    ON table_adjacencies (LEAST(table_a, table_b), GREATEST(table_a, table_b));
CREATE INDEX table_adjacencies_table_b_idx ON table_adjacencies (table_b);

CREATE OR REPLACE FUNCTION table_adjacencies_same_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT t.zone_id) FROM table_inventory t WHERE t.id IN (NEW.table_a, NEW.table_b)) > 1 THEN
        RAISE EXCEPTION 'Adjacency requires tables to be in the same zone' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER table_adjacencies_same_zone
    BEFORE INSERT OR UPDATE ON table_adjacencies
    FOR EACH ROW EXECUTE FUNCTION table_adjacencies_same_zone();
