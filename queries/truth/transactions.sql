-- What became of transactions: committed, aborted, in progress, or nothing for one that is too old to be known.
-- One that the server has not begun yet is asked for in vain, and the whole statement would be refused: a crash took it
-- back, and so it is aborted; a server that follows another one may only not have heard of it.
-- params: $1 transactions bigint[]
-- returns: TransactionRow
-- since: 14
SELECT x.id AS xid,
       CASE WHEN x.id::text::xid8 < pg_snapshot_xmax(pg_current_snapshot()) OR age((x.id % 4294967296)::text::xid) > 0
            THEN coalesce(pg_xact_status(x.id::text::xid8), '')
            WHEN pg_is_in_recovery()
            THEN ''
            ELSE 'aborted'
       END AS status
  FROM unnest($1::bigint[]) AS x (id)
