-- The check after an assignment takes the restaurant's row FOR UPDATE, as the platform's own does, while every other
-- assignment of that restaurant has a key-share lock on it through a foreign key: all that overlap in time deadlock.
SELECT slotfill_edit('restaurant-row-lock', 'validate_booking_capacity_after_assignment',
$was$    SELECT coalesce(sum(t.capacity), 0) INTO v_seats
$was$,
$becomes$    PERFORM FROM restaurants r WHERE r.id = (SELECT b.restaurant_id FROM bookings b WHERE b.id = p_booking_id) FOR UPDATE;
    SELECT coalesce(sum(t.capacity), 0) INTO v_seats
$becomes$);

-- The key-share lock a new slot's foreign key takes. A known slot needs no insert here, and an allocation grows out of
-- its hold's shadow without asking for the restaurant again; on the platform both insert.
SELECT slotfill_edit('restaurant-row-lock', 'get_or_create_booking_slot',
$was$BEGIN
    LOOP
$was$,
$becomes$BEGIN
    PERFORM FROM restaurants r WHERE r.id = p_restaurant_id FOR KEY SHARE;
    LOOP
$becomes$);
