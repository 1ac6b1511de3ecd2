-- Texts of statements, asked once for each: the server reads them from a file.
-- params: $1 queryids bigint[]
-- returns: StatementText
-- needs: pg_stat_statements. since: 14
SELECT DISTINCT ON (s.queryid)
       s.queryid AS queryid,
       left(s.query, 4000) AS query
  FROM pg_stat_statements(true) s
 WHERE s.queryid = ANY ($1::bigint[])
   AND s.query IS NOT NULL
 ORDER BY s.queryid
