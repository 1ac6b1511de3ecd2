-- What each backend of this run is at, and who is in the way of those that wait for a lock; one look of many a second.
-- pg_blocking_pids stops the lock manager for a moment, so it is asked for lock waiters only. Whoever is in the way
-- and not of this run comes along, to be named. A role that may not see a backend's state gets `hidden` for it.
-- params: $1 pids int[], $2 prefixes text[]
-- returns: WaitRow
-- since: 14
WITH everyone AS MATERIALIZED (
  SELECT a.pid AS pid,
         coalesce(a.application_name, '') AS application_name,
         CASE
           WHEN a.query = '<insufficient privilege>' THEN 'hidden'
           ELSE coalesce(a.state, 'starting')
         END AS state,
         coalesce(a.wait_event_type || ':' || a.wait_event, '') AS wait,
         coalesce(a.wait_event_type, '') = 'Lock' AS in_queue,
         clock_timestamp() AS seen_at,
         a.pid = ANY ($1::int[])
         OR (coalesce(a.application_name, '') ^@ ANY ($2::text[])
             AND coalesce(a.backend_type, 'client backend') = 'client backend') AS is_ours
    FROM pg_stat_activity a
   WHERE a.pid <> pg_backend_pid()
),
ours AS MATERIALIZED (
  SELECT e.pid AS pid,
         e.application_name AS application_name,
         e.state AS state,
         e.wait AS wait,
         e.seen_at AS seen_at,
         CASE WHEN e.in_queue THEN pg_blocking_pids(e.pid) ELSE '{}'::int[] END AS blocked_by
    FROM everyone e
   WHERE e.is_ours
)
SELECT o.pid AS pid,
       o.application_name AS application_name,
       o.state AS state,
       o.wait AS wait,
       true AS is_ours,
       o.blocked_by AS blocked_by,
       (extract(epoch FROM o.seen_at) * 1000000000)::bigint AS seen_ns,
       (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000000000)::bigint AS server_ns
  FROM ours o
 UNION ALL
SELECT e.pid AS pid,
       e.application_name AS application_name,
       e.state AS state,
       e.wait AS wait,
       false AS is_ours,
       '{}'::int[] AS blocked_by,
       (extract(epoch FROM e.seen_at) * 1000000000)::bigint AS seen_ns,
       (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000000000)::bigint AS server_ns
  FROM everyone e
 WHERE NOT e.is_ours
   AND EXISTS (SELECT FROM ours o WHERE e.pid = ANY (o.blocked_by))
