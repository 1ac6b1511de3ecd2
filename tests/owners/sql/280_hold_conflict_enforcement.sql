-- A switch that nothing reads any more: the exclusion constraint decides, always.
CREATE FUNCTION set_hold_conflict_enforcement(enabled boolean) RETURNS boolean
LANGUAGE sql AS $$
    SELECT set_config('app.holds.strict_conflicts.enabled', CASE WHEN enabled THEN 'on' ELSE 'off' END, false) = 'on'
$$;

CREATE FUNCTION is_holds_strict_conflicts_enabled() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('app.holds.strict_conflicts.enabled', true), 'off') = 'on'
$$;
