-- Tables by name, as this role finds and may use them; one row for each name, there or not.
-- params: $1 names text[]
-- returns: TableRow
SELECT wanted.name AS name,
       c.oid IS NOT NULL AS is_there,
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum) AS columns,
       ARRAY(SELECT word.word
               FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS word (word)
              WHERE c.oid IS NOT NULL AND has_table_privilege(c.oid, word.word)) AS rights,
       coalesce(row_security_active(c.oid), false) AS row_security,
       EXISTS (SELECT
                 FROM pg_policy p
                WHERE p.polrelid = c.oid
                  AND (p.polroles = '{0}'::oid[]
                       OR EXISTS (SELECT FROM unnest(p.polroles) AS given (role)
                                   WHERE given.role <> 0 AND pg_has_role(given.role, 'USAGE')))) AS has_policy
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
  LEFT JOIN pg_class c ON c.oid = to_regclass(wanted.name)
 ORDER BY wanted.place
