-- The server's clock, in nanoseconds since 1970.
-- returns: ClockRow
-- since: 14
SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint AS server_ns
