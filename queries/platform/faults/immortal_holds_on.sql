-- Holds live until the dinner they are for has ended, and then their time to live on top; and holds that somebody lost
-- hours ago lie on a share of the tables for the whole day.
DO $do$
DECLARE
    v_table record;
BEGIN
    FOR v_table IN
        SELECT t.table_id, g.gap
          FROM slotfill_tables('immortal-holds') t
         -- What is held already stays with its holder: the longest time that is left.
         CROSS JOIN LATERAL (
                   SELECT gap
                     FROM unnest(
                              tstzmultirange(t.whole_day) - coalesce(
                                  (SELECT range_agg(w.hold_window) FROM table_hold_windows w WHERE w.table_id = t.table_id),
                                  '{}')) AS gap
                    ORDER BY upper(gap) - lower(gap) DESC
                    LIMIT 1
               ) g
         ORDER BY t.table_id
    LOOP
        PERFORM slotfill_hold('immortal-holds', v_table.table_id, v_table.gap,
                              upper(v_table.gap) + interval '180 seconds', now() - interval '6 hours');
    END LOOP;
END
$do$;

CREATE OR REPLACE FUNCTION slotfill_fault_immortal_holds() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.expires_at < NEW.end_at THEN
        NEW.expires_at := NEW.end_at + greatest(NEW.expires_at - clock_timestamp(), interval '0');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER slotfill_fault_immortal_holds
    BEFORE INSERT ON table_holds
    FOR EACH ROW EXECUTE FUNCTION slotfill_fault_immortal_holds();
