-- What is taken of a restaurant's tables between two instants: assignments, and holds, the expired ones too.
-- params: $1 restaurant uuid, $2 from timestamptz, $3 until timestamptz
-- returns: Busy
SELECT a.table_id AS table_id,
       a.start_at AS start,
       a.end_at AS "end",
       NULL::uuid AS hold_id,
       false AS expired
  FROM booking_table_assignments a
  JOIN table_inventory t ON t.id = a.table_id
 WHERE t.restaurant_id = $1::uuid
   AND a.start_at < $3::timestamptz
   AND a.end_at > $2::timestamptz
UNION ALL
SELECT w.table_id,
       w.start_at,
       w.end_at,
       w.hold_id,
       w.expires_at <= clock_timestamp()
  FROM table_hold_windows w
 WHERE w.restaurant_id = $1::uuid
   AND w.start_at < $3::timestamptz
   AND w.end_at > $2::timestamptz
