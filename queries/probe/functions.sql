-- Functions by name that a bare call would find, each overload of them.
-- params: $1 names text[]
-- returns: FunctionRow
SELECT p.proname::text AS name,
       pg_get_function_identity_arguments(p.oid) AS arguments,
       (p.pronargs - p.pronargdefaults)::int AS least,
       p.pronargs::int AS most,
       has_function_privilege(p.oid, 'EXECUTE') AS may_execute,
       p.prosecdef AS as_owner,
       p.prosrc AS source
  FROM pg_proc p
 WHERE p.proname = ANY ($1::text[])
   AND pg_function_is_visible(p.oid)
 ORDER BY p.proname, p.pronargs DESC
