-- One step takes longer, in the step's own statement and with all locks it has by then. The value is STEP:MS.
CREATE OR REPLACE FUNCTION slotfill_fault_slow_step() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(TG_ARGV[0]::double precision / 1000);
    RETURN NULL;
END
$$;
DO $do$
DECLARE
    v_value text[];
    v_when text;
BEGIN
    SELECT string_to_array(f.value, ':') INTO v_value FROM slotfill_faults f WHERE f.name = 'slow-step';
    v_when := CASE v_value[1]
        WHEN 'submit' THEN 'TRIGGER %I BEFORE INSERT ON bookings FOR EACH STATEMENT'
        WHEN 'hold' THEN 'TRIGGER %I BEFORE INSERT ON table_holds FOR EACH STATEMENT'
        WHEN 'confirm' THEN 'TRIGGER %I BEFORE INSERT ON booking_table_assignments FOR EACH STATEMENT'
        WHEN 'commit' THEN 'CONSTRAINT TRIGGER %I AFTER UPDATE OF status ON bookings DEFERRABLE INITIALLY DEFERRED'
                           ' FOR EACH ROW WHEN (NEW.status = ''confirmed'' AND OLD.status <> ''confirmed'')'
    END;
    EXECUTE format('CREATE ' || v_when || ' EXECUTE FUNCTION slotfill_fault_slow_step(%L)',
                   'slotfill_fault_slow_step', v_value[2]);
END
$do$;
