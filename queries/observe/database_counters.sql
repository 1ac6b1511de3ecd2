-- The server's counters of this database, with the server's own time: rates are never taken from a client's clock.
-- returns: DatabaseCounters
-- since: 14
SELECT clock_timestamp() AS server_at,
       d.xact_commit AS commits,
       d.xact_rollback AS rollbacks,
       d.tup_inserted AS inserts,
       d.tup_updated AS updates,
       d.deadlocks AS deadlocks,
       d.temp_bytes AS temp_bytes
  FROM pg_stat_database d
 WHERE d.datname = current_database()
