-- Locks bookings, in the order of their ids. One that changed since this transaction began refuses it.
-- params: $1 bookings uuid[]
-- returns: LockedBooking
SELECT b.id AS booking_id
  FROM bookings b
 WHERE b.id = ANY ($1::uuid[])
 ORDER BY b.id
   FOR UPDATE
