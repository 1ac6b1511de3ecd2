-- Settings of the server as a new session of this role has them, and where they come from. Asked before a look bounds
-- itself, or its own bounds would be told.
-- params: $1 names text[]
-- returns: ServerSetting
-- since: 14
SELECT s.name AS name,
       coalesce(current_setting(s.name, true), '') AS value,
       s.source AS source,
       coalesce(s.sourcefile || ':' || s.sourceline, '') AS place,
       s.pending_restart AS pending
  FROM pg_settings s
 WHERE s.name = ANY ($1::text[])
 ORDER BY array_position($1::text[], s.name)
