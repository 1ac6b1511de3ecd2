-- Writes down each table given to a booking or taken from it. Once a statement, not once a row, as it is part of every
-- fill.
CREATE OR REPLACE FUNCTION booking_table_assignments_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO audit_logs (actor, action, entity, entity_id, metadata)
    SELECT r.assigned_by,
           CASE TG_OP WHEN 'INSERT' THEN 'table.assigned' ELSE 'table.unassigned' END,
           'booking_table_assignment',
           r.id,
           jsonb_build_object('bookingId', r.booking_id, 'tableId', r.table_id)
      FROM changed r;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER booking_table_assignments_audit_insert
    AFTER INSERT ON booking_table_assignments
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION booking_table_assignments_audit();

CREATE OR REPLACE TRIGGER booking_table_assignments_audit_delete
    AFTER DELETE ON booking_table_assignments
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION booking_table_assignments_audit();
