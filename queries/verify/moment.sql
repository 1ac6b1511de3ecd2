-- What time it is on the server, when the last check has answered.
-- returns: Moment
-- since: 15
SELECT clock_timestamp() AS at
