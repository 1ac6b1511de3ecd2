-- Exclusions and checks of tables by name.
-- params: $1 names text[]
-- returns: ConstraintRow
SELECT wanted.name AS table_name,
       k.conname::text AS name,
       k.contype = 'x' AS is_exclusion,
       k.condeferred AS is_deferred,
       pg_get_constraintdef(k.oid) AS definition
  FROM unnest($1::text[]) AS wanted (name)
  JOIN pg_constraint k ON k.conrelid = to_regclass(wanted.name)
 WHERE k.contype IN ('x', 'c')
 ORDER BY wanted.name, k.conname
