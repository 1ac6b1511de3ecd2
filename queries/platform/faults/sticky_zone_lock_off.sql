-- Bookings that still wait are free again, and so is one whose tables are taken back.
UPDATE bookings b
   SET assigned_zone_id = NULL
  FROM slotfill_planted p
 WHERE p.fault = 'sticky-zone-lock'
   AND p.relation = 'bookings.zone'
   AND b.id = p.id
   AND b.status = 'pending'
   AND NOT EXISTS (SELECT FROM booking_table_assignments a WHERE a.booking_id = b.id);
SELECT slotfill_off('sticky-zone-lock');
