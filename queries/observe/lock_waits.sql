-- Every lock that is not advisory and that a backend of this database waits for: its holders and its waiters.
-- pg_blocking_pids stops the lock manager for a moment, so it is asked only for those that wait here.
-- returns: LockWait
-- since: 14
WITH locks AS MATERIALIZED (
  SELECT concat_ws('/', l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid,
                   l.classid, l.objid, l.objsubid) AS key,
         l.locktype AS locktype,
         l.database AS database,
         l.relation AS relation,
         l.virtualxid AS virtualxid,
         l.transactionid AS transactionid,
         l.pid AS pid,
         l.mode AS mode,
         l.granted AS granted,
         l.waitstart AS waitstart
    FROM pg_locks l
   WHERE l.locktype <> 'advisory'
),
wanted AS MATERIALIZED (
  SELECT DISTINCT k.key AS key
    FROM locks k
    JOIN pg_stat_activity a ON a.pid = k.pid
   WHERE NOT k.granted
     AND a.datname = current_database()
)
SELECT k.key AS key,
       CASE
         WHEN k.locktype = 'transactionid' THEN 'transactionid ' || k.transactionid::text
         WHEN k.locktype = 'virtualxid' THEN 'virtualxid ' || k.virtualxid
         WHEN k.relation IS NOT NULL THEN k.locktype || ' ' || coalesce(c.relname, k.relation::text)
         ELSE k.locktype
       END AS name,
       coalesce(k.pid, 0) AS pid,
       k.mode AS mode,
       k.granted AS granted,
       greatest(0, extract(epoch FROM clock_timestamp() - k.waitstart) * 1000000000)::bigint AS waited_ns,
       CASE WHEN k.granted THEN '{}'::int[] ELSE pg_blocking_pids(k.pid) END AS blocked_by
  FROM locks k
  JOIN wanted w ON w.key = k.key
  LEFT JOIN pg_class c
    ON c.oid = k.relation
   AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
 ORDER BY k.key, k.granted DESC, k.waitstart NULLS LAST, k.pid
