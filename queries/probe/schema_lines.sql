-- What decides how tables and their functions behave, a line each: two databases with the same lines behave alike.
-- params: $1 names text[]
-- returns: SchemaLine
SELECT 'column' AS kind,
       format('%s.%s', c.relname, a.attname) AS name,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END, a.attgenerated::text,
                 pg_get_expr(d.adbin, d.adrelid)) AS line
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_class c ON c.oid = to_regclass(wanted.name)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 UNION ALL
SELECT 'constraint', format('%s.%s', wanted.name, k.conname), pg_get_constraintdef(k.oid)
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_constraint k ON k.conrelid = to_regclass(wanted.name)
 UNION ALL
SELECT 'index', format('%s.%s', wanted.name, i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_index i ON i.indrelid = to_regclass(wanted.name)
 UNION ALL
SELECT 'trigger', format('%s.%s', wanted.name, t.tgname), concat(t.tgenabled::text, ' ', pg_get_triggerdef(t.oid))
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_trigger t ON t.tgrelid = to_regclass(wanted.name) AND NOT t.tgisinternal
 UNION ALL
SELECT 'policy', format('%s.%s', wanted.name, p.polname),
       concat_ws(' ', p.polcmd::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_policy p ON p.polrelid = to_regclass(wanted.name)
 UNION ALL
SELECT 'function', format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
       concat_ws(' ', p.prosecdef::text, p.proconfig::text, p.prosrc)
  FROM pg_proc p
 WHERE p.pronamespace IN (SELECT c.relnamespace
                            FROM unnest($1::text[]) AS wanted (name)
                            JOIN pg_class c ON c.oid = to_regclass(wanted.name))
   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
 ORDER BY 1, 2, 3
