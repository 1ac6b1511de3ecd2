-- What the server knows of transactions. One that is newer than all it has ended is in progress as long as somebody holds
-- its lock; else it was never begun here: a crash forgot it, or this is another server. Asked for it outright, the server
-- would refuse the whole statement.
-- params: $1 transactions bigint[]
-- returns: VerifyTransaction
-- since: 14
SELECT x.id AS xid,
       CASE WHEN x.id::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
            THEN coalesce(pg_xact_status(x.id::text::xid8), '')
            WHEN EXISTS (SELECT FROM pg_locks l
                          WHERE l.locktype = 'transactionid'
                            AND l.transactionid = (x.id % 4294967296)::text::xid
                            AND l.mode = 'ExclusiveLock')
            THEN 'in progress'
            ELSE 'unknown'
       END AS fate,
       pg_visible_in_snapshot(x.id::text::xid8, pg_current_snapshot()) AS visible
  FROM unnest($1::bigint[]) AS x (id)
