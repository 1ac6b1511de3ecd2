-- Whether a finished template has this name.
-- params: $1 database text
SELECT EXISTS (SELECT FROM pg_database d WHERE d.datname = $1::text AND d.datistemplate AND NOT d.datallowconn) AS sealed
