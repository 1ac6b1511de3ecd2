-- Every assignment that comes or goes is written to the audit trail.
CREATE FUNCTION booking_table_assignments_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    v_row booking_table_assignments%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        v_row := OLD;
    ELSE
        v_row := NEW;
    END IF;
    INSERT INTO audit_logs (entity, entity_id, action, metadata)
    VALUES ('booking_table_assignment', v_row.id::text, lower(TG_OP),
            jsonb_build_object('booking_id', v_row.booking_id, 'table_id', v_row.table_id));
    RETURN NULL;
END
$$;

CREATE TRIGGER booking_table_assignments_audit
    AFTER INSERT OR DELETE ON booking_table_assignments
    FOR EACH ROW EXECUTE FUNCTION booking_table_assignments_audit();
