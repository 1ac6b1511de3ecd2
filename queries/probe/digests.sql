-- Schemas with a function `digest`, as pgcrypto brings one.
-- returns: DigestRow
SELECT DISTINCT n.nspname::text AS schema_name
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE p.proname = 'digest'
 ORDER BY schema_name
