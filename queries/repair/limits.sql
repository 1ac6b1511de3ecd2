-- Bounds every statement of a repair's transaction. A repair gives way: it waits for no lock for long.
-- params: $1 statement_timeout_ms int, $2 lock_timeout_ms int
-- returns: Bound
-- since: 15
SELECT set_config('statement_timeout', $1::int::text, true) AS statement_timeout,
       set_config('lock_timeout', $2::int::text, true) AS lock_timeout
