-- Totals of this database's statements since they were reset, most time first; without texts, which lie in a file.
-- The limit is far above what one database of ours has, and keeps a foreign one from costing the loop a pause.
-- returns: StatementTotal
-- needs: pg_stat_statements. since: 14
SELECT s.queryid AS queryid,
       sum(s.calls)::bigint AS calls,
       (sum(s.total_exec_time) * 1000000)::bigint AS total_ns
  FROM pg_stat_statements(false) s
 WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND s.queryid IS NOT NULL
 GROUP BY s.queryid
 ORDER BY 3 DESC
 LIMIT 2000
