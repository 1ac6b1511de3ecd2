-- Session settings, or those of the transaction in hand; a name without a value goes back to what it was.
-- params: $1 names text[], $2 values text[], $3 local bool
-- returns: SettingRow
SELECT s.name AS name,
       set_config(s.name, s.value, $3::boolean) AS value
  FROM unnest($1::text[], $2::text[]) AS s (name, value)
