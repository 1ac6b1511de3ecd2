-- Backends of some runs that still work in this database, under our own role: by the name their connections had.
-- params: $1 runs text[], $2 idle_too bool
-- returns: RunBackend
SELECT a.pid AS pid,
       a.application_name AS application_name,
       coalesce(a.state, '') AS state
  FROM pg_stat_activity a
 WHERE EXISTS (SELECT FROM unnest($1::text[]) AS r (run)
                WHERE starts_with(a.application_name, 'slotfill ' || r.run || ' '))
   AND a.pid <> pg_backend_pid()
   AND a.datname = current_database()
   AND a.usename = current_user
   -- Behind a transaction pooler an idle one is the pooler's own, whatever its name was last.
   AND ($2::boolean OR a.state <> 'idle')
 ORDER BY a.pid
