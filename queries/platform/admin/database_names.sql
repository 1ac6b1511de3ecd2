-- Names of databases that begin with a prefix.
-- params: $1 prefix text
-- returns: DatabaseName
SELECT d.datname::text AS name
  FROM pg_database d
 WHERE starts_with(d.datname, $1::text)
 ORDER BY d.datname
