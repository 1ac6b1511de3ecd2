-- What some restaurants hold, by kinds of rows: equal for two moments that a run may begin from and be compared.
-- params: $1 restaurants uuid[]
-- returns: StateRow
-- since: 14
SELECT (SELECT count(*)::int FROM bookings b WHERE b.restaurant_id = ANY ($1::uuid[])) AS bookings,
       (SELECT count(*)::int FROM bookings b WHERE b.restaurant_id = ANY ($1::uuid[]) AND b.status::text = 'confirmed') AS confirmed,
       (SELECT count(*)::int
          FROM booking_table_assignments a
          JOIN bookings b ON b.id = a.booking_id
         WHERE b.restaurant_id = ANY ($1::uuid[])) AS assignments,
       (SELECT count(*)::int FROM table_holds h WHERE h.restaurant_id = ANY ($1::uuid[])) AS holds,
       (SELECT count(*)::int
          FROM booking_assignment_idempotency i
          JOIN bookings b ON b.id = i.booking_id
         WHERE b.restaurant_id = ANY ($1::uuid[])) AS keys
