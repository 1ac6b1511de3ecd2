-- Has the platform set the status of tables anew, by what takes them now.
-- params: $1 tables uuid[]
-- returns: TakenRow
SELECT t.id AS id
  FROM unnest($1::uuid[]) AS t (id)
 CROSS JOIN LATERAL refresh_table_status(t.id) AS done
