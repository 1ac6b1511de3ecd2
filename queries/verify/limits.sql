-- Bounds every check of this transaction. With row_security off a check whose rows a policy would hide is refused: on,
-- it would see nothing and pass. Compiling costs more than any check runs. Ranges are shown in UTC.
-- params: $1 statement_timeout_ms int
-- returns: Bounds
-- since: 15
SELECT set_config('statement_timeout', $1::int::text, true) AS statement_timeout,
       set_config('row_security', 'off', true) AS row_security,
       set_config('jit', 'off', true) AS jit,
       set_config('TimeZone', 'UTC', true) AS time_zone,
       clock_timestamp() AS at
