-- Bounds every statement of this transaction, and says who asks. SET LOCAL takes no parameters; set_config does.
-- params: $1 statement_timeout_ms int, $2 lock_timeout_ms int
-- returns: Limits
-- since: 14
SELECT set_config('statement_timeout', $1::int::text, true) AS statement_timeout,
       set_config('lock_timeout', $2::int::text, true) AS lock_timeout,
       pg_backend_pid() AS pid,
       clock_timestamp() AS server_at
