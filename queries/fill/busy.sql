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
   -- By the generated window, as the exclusion constraint's index is on it: the cost follows the day, not the run.
   AND a.assignment_window && tstzrange($2::timestamptz, $3::timestamptz)
UNION ALL
SELECT w.table_id,
       w.start_at,
       w.end_at,
       w.hold_id,
       w.expires_at <= clock_timestamp()
  FROM table_hold_windows w
 WHERE w.restaurant_id = $1::uuid
   AND w.hold_window && tstzrange($2::timestamptz, $3::timestamptz)
