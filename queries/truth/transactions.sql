-- What became of transactions: committed, aborted, in progress, or nothing for one that is too old to be known.
-- params: $1 transactions bigint[]
-- returns: TransactionRow
SELECT x.id AS xid,
       coalesce(pg_xact_status(x.id::text::xid8), '') AS status
  FROM unnest($1::bigint[]) AS x (id)
