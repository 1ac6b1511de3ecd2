-- When the database's first file was written, by its server's clock. Only for a role that may look at files: it is asked
-- for that right before, as the server refuses the whole statement to any other.
-- returns: VerifyMadeAt
-- since: 14
SELECT (pg_stat_file(format('base/%s/PG_VERSION', d.oid), true)).modification AS made_at
  FROM pg_database d
 WHERE d.datname = current_database()
