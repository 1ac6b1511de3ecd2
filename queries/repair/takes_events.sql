-- Whether the platform's table of events is there and may be written to.
-- returns: Taken
-- since: 15
SELECT coalesce(has_table_privilege(to_regclass('observability_events'), 'INSERT'), false) AS taken
