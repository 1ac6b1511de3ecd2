-- The server's counters at one end of a leg: of this database, and of the WAL, which is the whole server's.
-- returns: LegCounters
-- since: 14
SELECT d.xact_commit AS commits,
       d.xact_rollback AS rollbacks,
       d.deadlocks AS deadlocks,
       d.conflicts AS conflicts,
       d.temp_files AS temp_files,
       d.temp_bytes AS temp_bytes,
       w.wal_records AS wal_records,
       w.wal_fpi AS wal_full_pages,
       w.wal_bytes::bigint AS wal_bytes
  FROM pg_stat_database d
 CROSS JOIN pg_stat_wal w
 WHERE d.datname = current_database()
