-- Prepared transactions of the whole server, oldest first: nobody's session holds them, and they keep their locks.
-- returns: PreparedTransaction
-- since: 14
SELECT p.gid AS name,
       p.owner::text AS owner,
       p.database::text AS database,
       greatest(0, extract(epoch FROM clock_timestamp() - p.prepared) * 1000000000)::bigint AS age_ns
  FROM pg_prepared_xacts p
 ORDER BY p.prepared
 LIMIT 40
