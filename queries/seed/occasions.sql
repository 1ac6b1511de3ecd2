-- What can be booked. One catalogue for all restaurants of a database, so what stands there already is kept.
INSERT INTO booking_occasions (key, label, short_label, default_duration_minutes, display_order)
VALUES ('lunch', 'Lunch', 'Lunch', 90, 1),
       ('drinks', 'Drinks', 'Drinks', 60, 2),
       ('dinner', 'Dinner', 'Dinner', 120, 3),
       ('christmas_party', 'Christmas party', 'Christmas', 150, 4),
       ('curry_and_carols', 'Curry and carols', 'Carols', 150, 5)
    ON CONFLICT (key) DO NOTHING;
