-- Takes all tables from these bookings through the platform's own function.
-- params: $1 bookings uuid[]
-- returns: TakenRow
-- since: 15
SELECT b.id AS id
  FROM unnest($1::uuid[]) AS b (id)
 CROSS JOIN LATERAL unassign_tables_atomic(b.id, NULL) AS gone
 GROUP BY b.id
