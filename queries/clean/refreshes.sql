-- Whether the platform has its function that sets a table's status.
-- returns: Taken
SELECT to_regprocedure('refresh_table_status(uuid)') IS NOT NULL AS taken
