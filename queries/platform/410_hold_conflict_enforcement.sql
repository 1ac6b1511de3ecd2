-- Strict hold conflicts, as a wish of the session. Nothing here asks for it: the exclusion constraint decides, always.
CREATE OR REPLACE FUNCTION set_hold_conflict_enforcement(enabled boolean) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.holds.strict_conflicts.enabled', CASE WHEN enabled THEN 'on' ELSE 'off' END, false);
    RETURN enabled IS TRUE;
END
$$;

CREATE OR REPLACE FUNCTION is_holds_strict_conflicts_enabled() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('app.holds.strict_conflicts.enabled', true) IN ('on', 'true', '1'), false)
$$;
