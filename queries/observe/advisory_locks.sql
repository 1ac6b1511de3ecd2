-- Advisory locks of this database, held and wanted, from one scan. objsubid 2 is a key of two ints, as the platform's
-- zone locks are; 1 is one bigint in two halves. Deliberately without pg_blocking_pids, which names everyone ahead.
-- returns: AdvisoryLock
-- since: 14
SELECT l.classid::bigint AS classid,
       l.objid::bigint AS objid,
       l.objsubid::int AS objsubid,
       coalesce(l.pid, 0) AS pid,
       l.granted AS granted,
       l.mode AS mode,
       greatest(0, extract(epoch FROM clock_timestamp() - l.waitstart) * 1000000000)::bigint AS waited_ns
  FROM pg_locks l
 WHERE l.locktype = 'advisory'
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
 ORDER BY l.classid, l.objid, l.objsubid, l.granted DESC, l.waitstart NULLS LAST, l.pid
