-- Moves allocations that ended before the cutoff to the archive.
CREATE FUNCTION prune_allocations_history(p_cutoff timestamptz, p_limit integer DEFAULT 500)
RETURNS TABLE (archived_count integer, deleted_count integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    WITH gone AS (
        DELETE FROM allocations l
         WHERE l.id IN (SELECT o.id FROM allocations o WHERE upper(o."window") < p_cutoff LIMIT p_limit)
        RETURNING l.*
    ), kept AS (
        INSERT INTO allocations_archive SELECT g.*, now() FROM gone g RETURNING 1
    )
    SELECT (SELECT count(*) FROM kept), (SELECT count(*) FROM gone) INTO archived_count, deleted_count;
    RETURN NEXT;
END
$$;
