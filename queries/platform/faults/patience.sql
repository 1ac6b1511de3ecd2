-- How long each lock is waited for in this transaction.
-- params: $1 timeout text
SELECT set_config('lock_timeout', $1::text, true)
