-- The stress set's floor: five restaurants, three zones of six tables each. What nobody wrote down of the original is
-- drawn: things are put in the order of their names' md5, which every server and machine computes alike (random() gives
-- other numbers since version 15), and shares are cut from that order, so that they are exact.
INSERT INTO restaurants
       (id, name, slug, timezone, reservation_interval_minutes, reservation_default_duration_minutes,
        reservation_last_seating_buffer_minutes)
SELECT md5(r.slug)::uuid, r.name, r.slug, 'Europe/London', 15, r.minutes,
       -- The last bookings start just before 21 and the earliest closing is at 22.
       60
  FROM (VALUES ('pub-1', 'Pub 1', 90),
               ('pub-2', 'Pub 2', 120),
               ('cafe-3', 'Cafe 3', 90),
               ('finedining-4', 'Fine Dining 4', 150),
               ('finedining-5', 'Fine Dining 5', 120)) AS r (slug, name, minutes);

INSERT INTO zones (id, restaurant_id, name, sort_order)
SELECT md5(r.slug || '/zone/' || z.name)::uuid, r.id, z.name, z.sort_order
  FROM restaurants r
 CROSS JOIN (VALUES ('Front', 1), ('Middle', 2), ('Back', 3)) AS z (name, sort_order)
 WHERE r.slug IN ('pub-1', 'pub-2', 'cafe-3', 'finedining-4', 'finedining-5');

INSERT INTO allowed_capacities (restaurant_id, capacity)
SELECT r.id, c
  FROM restaurants r
 CROSS JOIN generate_series(1, 12) AS c
 WHERE r.slug IN ('pub-1', 'pub-2', 'cafe-3', 'finedining-4', 'finedining-5');

-- A digit is a capacity that follows from who sat at the table alone; a dot is drawn: 2, 4, 6, 8 seats for 40, 30, 20
-- and 10 of a hundred. Seven tables of ten are movable. Numbers run on from restaurant to restaurant.
WITH zone (slug, name, first, seats) AS (
  VALUES ('pub-1', 'Front', 1, '68662.'),
         ('pub-1', 'Middle', 7, '442244'),
         ('pub-1', 'Back', 13, '.2.4..'),
         ('pub-2', 'Front', 19, '4..824'),
         ('pub-2', 'Middle', 25, '.22...'),
         ('pub-2', 'Back', 31, '......'),
         ('cafe-3', 'Front', 37, '...4..'),
         ('cafe-3', 'Middle', 43, '..24.2'),
         ('cafe-3', 'Back', 49, '.2....'),
         ('finedining-4', 'Front', 55, '642..2'),
         ('finedining-4', 'Middle', 61, '264..2'),
         ('finedining-4', 'Back', 67, '......'),
         ('finedining-5', 'Front', 73, '642286'),
         ('finedining-5', 'Middle', 79, '..24.4'),
         ('finedining-5', 'Back', 85, '4..44.')
), place AS (
  SELECT zone.slug,
         zone.name AS zone,
         'T' || lpad((zone.first + n)::text, 3, '0') AS number,
         substr(zone.seats, n + 1, 1) AS seats
    FROM zone
   CROSS JOIN generate_series(0, 5) AS n
), drawn AS (
  SELECT place.*,
         cume_dist() OVER (PARTITION BY seats = '.' ORDER BY md5('stress/seats/' || number)::uuid) AS seats_share,
         cume_dist() OVER (ORDER BY md5('stress/mobility/' || number)::uuid) AS mobility_share,
         ntile(4) OVER (ORDER BY md5('stress/category/' || number)::uuid) AS category_part,
         ntile(3) OVER (ORDER BY md5('stress/seating/' || number)::uuid) AS seating_part
    FROM place
), sized AS (
  SELECT drawn.*,
         CASE WHEN seats <> '.' THEN seats::int
              WHEN seats_share <= 0.4 THEN 2
              WHEN seats_share <= 0.7 THEN 4
              WHEN seats_share <= 0.9 THEN 6
              ELSE 8
         END AS capacity
    FROM drawn
)
INSERT INTO table_inventory
       (id, restaurant_id, table_number, zone_id, capacity, min_party_size, max_party_size, category, seating_type,
        mobility)
SELECT md5(slug || '/table/' || number)::uuid, md5(slug)::uuid, number, md5(slug || '/zone/' || zone)::uuid, capacity,
       greatest(1, capacity - 1), capacity,
       (ARRAY['dining', 'bar', 'lounge', 'patio'])[category_part]::table_category,
       (ARRAY['standard', 'booth', 'high_top'])[seating_part]::table_seating_type,
       CASE WHEN mobility_share <= 0.7 THEN 'movable' ELSE 'fixed' END::table_mobility
  FROM sized;

-- Of all pairs of tables in one zone, the first 77 in the drawn order: about three of ten. The smaller id stands first.
INSERT INTO table_adjacencies (table_a, table_b)
SELECT a.id, b.id
  FROM table_inventory a
  JOIN table_inventory b
    ON b.zone_id = a.zone_id
   AND b.id > a.id
  JOIN restaurants r
    ON r.id = a.restaurant_id
 WHERE r.slug IN ('pub-1', 'pub-2', 'cafe-3', 'finedining-4', 'finedining-5')
 ORDER BY md5('stress/adjacency/' || least(a.table_number, b.table_number) || '/'
              || greatest(a.table_number, b.table_number))::uuid
 LIMIT 77;

-- Open every day: 11 to 22, later on Thursday, Friday and Saturday, earlier at the weekend. 0 is Sunday.
INSERT INTO restaurant_operating_hours (id, restaurant_id, day_of_week, opens_at, closes_at)
SELECT md5(r.slug || '/hours/' || d)::uuid, r.id, d,
       CASE WHEN d IN (0, 6) THEN time '10:00' ELSE time '11:00' END,
       CASE WHEN d BETWEEN 4 AND 6 THEN time '23:00' ELSE time '22:00' END
  FROM restaurants r
 CROSS JOIN generate_series(0, 6) AS d
 WHERE r.slug IN ('pub-1', 'pub-2', 'cafe-3', 'finedining-4', 'finedining-5');

-- Lunch 12 to 15, dinner 17 to 22, five minutes to clear. The row is the whole database's, so one that stands is kept.
INSERT INTO service_policy
       (id, lunch_start, lunch_end, dinner_start, dinner_end, clean_buffer_minutes, allow_after_hours)
SELECT md5('service_policy')::uuid, '12:00', '15:00', '17:00', '22:00', 5, false
 WHERE NOT EXISTS (SELECT FROM service_policy);
