-- White Horse Pub (Waterbeach): one restaurant, five zones, 40 tables. Every id is made from a name, so that equal seeds
-- give equal tables on every machine.
INSERT INTO restaurants
       (id, name, slug, timezone, capacity, reservation_interval_minutes, reservation_default_duration_minutes,
        reservation_last_seating_buffer_minutes)
VALUES (md5('white-horse-pub-waterbeach')::uuid, 'White Horse Pub (Waterbeach)', 'white-horse-pub-waterbeach',
        'Europe/London', 180, 15, 90, 120);

INSERT INTO zones (id, restaurant_id, name, sort_order)
SELECT md5('white-horse-pub-waterbeach/zone/' || z.name)::uuid, md5('white-horse-pub-waterbeach')::uuid, z.name,
       z.sort_order
  FROM (VALUES ('Main Dining', 1), ('Bar Area', 2), ('Patio', 3), ('Private Room', 4), ('Outdoor Garden', 5))
       AS z (name, sort_order);

-- Only live databases have the column: no migration of the platform makes it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'zones'::regclass AND attname = 'area_type') THEN
        UPDATE zones
           SET area_type = CASE name WHEN 'Patio' THEN 'covered' ELSE 'outdoor' END::area_type
         WHERE restaurant_id = md5('white-horse-pub-waterbeach')::uuid
           AND name IN ('Patio', 'Outdoor Garden');
    END IF;
END
$$;

INSERT INTO allowed_capacities (restaurant_id, capacity)
SELECT md5('white-horse-pub-waterbeach')::uuid, c FROM unnest(ARRAY[2, 4, 6, 8, 10]) AS c;

INSERT INTO table_inventory
       (id, restaurant_id, table_number, zone_id, capacity, min_party_size, max_party_size, category, seating_type)
SELECT md5('white-horse-pub-waterbeach/table/' || t.number)::uuid, md5('white-horse-pub-waterbeach')::uuid, t.number,
       md5('white-horse-pub-waterbeach/zone/' || t.zone)::uuid, t.seats, t.least, t.most,
       t.category::table_category, t.seating::table_seating_type
  FROM (VALUES
        ('MD-01', 'Main Dining', 2, 1, 2, 'dining', 'standard'),
        ('MD-02', 'Main Dining', 2, 1, 2, 'dining', 'standard'),
        ('MD-03', 'Main Dining', 4, 2, 4, 'dining', 'standard'),
        ('MD-04', 'Main Dining', 4, 2, 4, 'dining', 'booth'),
        ('MD-05', 'Main Dining', 4, 2, 4, 'dining', 'standard'),
        ('MD-06', 'Main Dining', 4, 2, 4, 'dining', 'booth'),
        ('MD-07', 'Main Dining', 6, 3, 6, 'dining', 'standard'),
        ('MD-08', 'Main Dining', 6, 3, 6, 'dining', 'standard'),
        ('MD-09', 'Main Dining', 8, 4, 8, 'dining', 'standard'),
        ('MD-10', 'Main Dining', 8, 4, 8, 'dining', 'booth'),
        ('MD-11', 'Main Dining', 10, 5, 10, 'dining', 'standard'),
        ('MD-12', 'Main Dining', 10, 5, 10, 'dining', 'standard'),
        ('BA-01', 'Bar Area', 2, 1, 2, 'bar', 'high_top'),
        ('BA-02', 'Bar Area', 2, 1, 2, 'bar', 'high_top'),
        ('BA-03', 'Bar Area', 4, 2, 4, 'bar', 'high_top'),
        ('BA-04', 'Bar Area', 4, 2, 4, 'bar', 'high_top'),
        ('BA-05', 'Bar Area', 4, 2, 4, 'lounge', 'sofa'),
        ('BA-06', 'Bar Area', 4, 2, 4, 'lounge', 'sofa'),
        ('BA-07', 'Bar Area', 6, 3, 6, 'bar', 'high_top'),
        ('BA-08', 'Bar Area', 6, 3, 6, 'bar', 'high_top'),
        ('PT-01', 'Patio', 2, 1, 2, 'patio', 'standard'),
        ('PT-02', 'Patio', 2, 1, 2, 'patio', 'standard'),
        ('PT-03', 'Patio', 4, 2, 4, 'patio', 'standard'),
        ('PT-04', 'Patio', 4, 2, 4, 'patio', 'standard'),
        ('PT-05', 'Patio', 6, 3, 6, 'patio', 'standard'),
        ('PT-06', 'Patio', 6, 3, 6, 'patio', 'standard'),
        ('PT-07', 'Patio', 8, 4, 8, 'patio', 'standard'),
        ('PT-08', 'Patio', 8, 4, 8, 'patio', 'standard'),
        ('PR-01', 'Private Room', 4, 2, 6, 'private', 'standard'),
        ('PR-02', 'Private Room', 4, 2, 6, 'private', 'standard'),
        ('PR-03', 'Private Room', 6, 3, 8, 'private', 'standard'),
        ('PR-04', 'Private Room', 6, 3, 8, 'private', 'standard'),
        ('PR-05', 'Private Room', 10, 5, 10, 'private', 'standard'),
        ('PR-06', 'Private Room', 10, 5, 10, 'private', 'standard'),
        ('OG-01', 'Outdoor Garden', 2, 1, 2, 'patio', 'standard'),
        ('OG-02', 'Outdoor Garden', 4, 2, 4, 'patio', 'standard'),
        ('OG-03', 'Outdoor Garden', 4, 2, 4, 'patio', 'standard'),
        ('OG-04', 'Outdoor Garden', 6, 3, 6, 'patio', 'standard'),
        ('OG-05', 'Outdoor Garden', 6, 3, 6, 'patio', 'standard'),
        ('OG-06', 'Outdoor Garden', 8, 4, 8, 'patio', 'standard')
       ) AS t (number, zone, seats, least, most, category, seating);

-- Tables stand together when they share zone and category and differ by two seats at most: 79 pairs.
INSERT INTO table_adjacencies (table_a, table_b)
SELECT a.id, b.id
  FROM table_inventory a
  JOIN table_inventory b
    ON b.restaurant_id = a.restaurant_id
   AND b.zone_id = a.zone_id
   AND b.category = a.category
   AND abs(b.capacity - a.capacity) <= 2
   AND b.table_number > a.table_number
 WHERE a.restaurant_id = md5('white-horse-pub-waterbeach')::uuid;

-- Monday to Friday, 12 to 22. 0 is Sunday.
INSERT INTO restaurant_operating_hours (id, restaurant_id, day_of_week, opens_at, closes_at, is_closed)
SELECT md5('white-horse-pub-waterbeach/hours/' || d)::uuid, md5('white-horse-pub-waterbeach')::uuid, d,
       CASE WHEN d BETWEEN 1 AND 5 THEN time '12:00' END,
       CASE WHEN d BETWEEN 1 AND 5 THEN time '22:00' END,
       d NOT BETWEEN 1 AND 5
  FROM generate_series(0, 6) AS d;

INSERT INTO restaurant_service_periods (id, restaurant_id, name, day_of_week, start_time, end_time, booking_option)
SELECT md5('white-horse-pub-waterbeach/period/' || d || '/' || p.name)::uuid, md5('white-horse-pub-waterbeach')::uuid,
       p.name, d, p.starts, p.ends, p.option
  FROM generate_series(1, 5) AS d
 CROSS JOIN (VALUES ('Weekday Lunch', time '12:00', time '15:00', 'lunch'),
                    ('Happy Hour', time '15:00', time '17:00', 'drinks'),
                    ('Dinner Service', time '17:00', time '22:00', 'dinner')) AS p (name, starts, ends, option);

-- The row is the whole database's, so one that stands is kept.
INSERT INTO service_policy
       (id, lunch_start, lunch_end, dinner_start, dinner_end, clean_buffer_minutes, allow_after_hours)
SELECT md5('service_policy')::uuid, '12:00', '15:30', '17:00', '22:30', 10, false
 WHERE NOT EXISTS (SELECT FROM service_policy);
