-- Cancel bookings that a run made and nobody goes on with: pending, without tables, by id or by the run's own keys.
-- params: $1 bookings uuid[], $2 keys text[]
-- returns: BookingRow
UPDATE bookings b
   SET status = 'cancelled',
       updated_at = now()
 WHERE (b.id = ANY ($1::uuid[]) OR b.idempotency_key = ANY ($2::text[]))
   AND b.status = 'pending'
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id)
RETURNING b.id AS booking_id
