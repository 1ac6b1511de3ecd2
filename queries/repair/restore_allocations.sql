-- Makes shadows the real allocations of their bookings' tables again, each for the time of its assignment. One that would
-- overlap what somebody else has by now stays as it is.
-- params: $1 allocations uuid[]
-- returns: TakenRow
-- since: 15
UPDATE allocations l
   SET shadow = false,
       "window" = tstzrange(a.start_at, a.end_at, '[)')
  FROM booking_table_assignments a
 WHERE l.id = ANY ($1::uuid[])
   AND l.shadow
   AND a.booking_id = l.booking_id
   AND a.table_id = l.resource_id
   AND NOT EXISTS (
           SELECT
             FROM allocations x
            WHERE x.restaurant_id = l.restaurant_id
              AND x.resource_type = l.resource_type
              AND x.resource_id = l.resource_id
              AND x.id <> l.id
              AND NOT x.shadow
              AND lower(x."window") < a.end_at
              AND upper(x."window") > a.start_at
       )
RETURNING l.id AS id
