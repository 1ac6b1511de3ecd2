-- End the backends of some runs whose engines are dead: what they still do would be done behind the back of whoever goes
-- on. Only those of this database and our own role, by the name their connections had; two seconds are waited for each.
-- params: $1 runs text[], $2 idle_too bool
-- returns: Counted
-- since: 14
SELECT count(pg_terminate_backend(a.pid, 2000))::int AS count
  FROM pg_stat_activity a
 WHERE EXISTS (SELECT FROM unnest($1::text[]) AS r (run)
                WHERE starts_with(a.application_name, 'slotfill ' || r.run || ' '))
   AND a.pid <> pg_backend_pid()
   AND a.datname = current_database()
   AND a.usename = current_user
   -- Behind a transaction pooler an idle one is the pooler's own, whatever its name was last.
   AND ($2::boolean OR a.state <> 'idle')
