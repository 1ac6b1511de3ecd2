-- The stress set's people: a hundred guests a restaurant, and 105 bookings of the seeded day that wait for tables. Each
-- party has tables in an empty house, and taken by start all can be seated. Numbers and addresses reach nobody.
INSERT INTO customers (id, restaurant_id, full_name, email, phone)
SELECT md5(r.slug || '/guest/' || g)::uuid, md5(r.slug)::uuid, 'Guest ' || g,
       'guest-' || g || '@' || r.slug || '.invalid', '+44770090' || lpad((r.nth * 100 + g)::text, 4, '0')
  FROM (VALUES ('pub-1', 0), ('pub-2', 1), ('cafe-3', 2), ('finedining-4', 3), ('finedining-5', 4)) AS r (slug, nth)
 CROSS JOIN generate_series(0, 99) AS g;

-- Three multisets with the counts of the original, each shuffled by itself and dealt together: the nth restaurant, the
-- nth party, the nth hour. An hour's starts fall on any of its minutes that the original used.
WITH restaurant AS (
  SELECT r.slug, row_number() OVER (ORDER BY md5('stress/restaurant/' || r.slug || '/' || k)::uuid) AS n
    FROM (VALUES ('pub-1', 23), ('pub-2', 13), ('cafe-3', 30), ('finedining-4', 19), ('finedining-5', 20))
         AS r (slug, times)
   CROSS JOIN generate_series(1, r.times) AS k
), party AS (
  SELECT p.size, row_number() OVER (ORDER BY md5('stress/party/' || p.size || '/' || k)::uuid) AS n
    FROM (VALUES (2, 45), (3, 11), (4, 31), (6, 14), (8, 4)) AS p (size, times)
   CROSS JOIN generate_series(1, p.times) AS k
), hour AS (
  SELECT h.hour, h.first, h.minutes, row_number() OVER (ORDER BY md5('stress/hour/' || h.hour || '/' || k)::uuid) AS n
    FROM (VALUES (11, 2, 45, 15), (12, 11, 0, 60), (13, 13, 0, 60), (14, 2, 0, 30), (15, 7, 0, 60), (16, 3, 0, 60),
                 (18, 22, 0, 60), (19, 27, 0, 60), (20, 18, 0, 60)) AS h (hour, times, first, minutes)
   CROSS JOIN generate_series(1, h.times) AS k
), dealt AS (
  SELECT n, restaurant.slug, party.size, hour.hour,
         -- The guests of a restaurant book once each.
         row_number() OVER (PARTITION BY restaurant.slug ORDER BY n) - 1 AS guest,
         make_time(hour.hour, hour.first + ('x' || left(md5('stress/minute/' || n), 7))::bit(28)::int % hour.minutes, 0)
             AS starts,
         make_interval(mins => 90 + ('x' || left(md5('stress/length/' || n), 7))::bit(28)::int % 60) AS lasts
    FROM restaurant
    JOIN party USING (n)
    JOIN hour USING (n)
)
INSERT INTO bookings
       (id, restaurant_id, customer_id, booking_date, start_time, end_time, party_size, booking_type, status,
        customer_name, customer_email, customer_phone, reference, client_request_id)
SELECT md5('stress/booking/' || dealt.n)::uuid, c.restaurant_id, c.id, date '2027-03-01', dealt.starts,
       dealt.starts + dealt.lasts, dealt.size,
       CASE WHEN dealt.hour < 15 THEN 'lunch' WHEN dealt.hour < 17 THEN 'drinks' ELSE 'dinner' END,
       'pending', c.full_name, c.email, c.phone,
       -- Ten characters that nobody misreads, as the platform gives: no 0, O, 1 or I.
       translate(upper(left(md5('stress/reference/' || dealt.n), 10)), '01', 'GH'),
       md5('stress/request/' || dealt.n)::uuid::text
  FROM dealt
  JOIN customers c
    ON c.id = md5(dealt.slug || '/guest/' || dealt.guest)::uuid;
