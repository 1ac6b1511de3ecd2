-- How many connections this server has, keeps back, and has given to others; this one does not count.
-- returns: Room
-- since: 14
SELECT current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int
       + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
       (SELECT count(*)
          FROM pg_stat_activity a
         WHERE a.datname IS NOT NULL
           AND a.pid <> pg_backend_pid()
           AND (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.usename IS NOT NULL))) AS used
