-- What stands in the book from a day on, as one checksum: the same before two runs that are to be compared.
-- params: $1 restaurants uuid[], $2 day date
-- returns: BookRow
SELECT count(*)::int AS bookings,
       md5(coalesce(string_agg(one.line, ';' ORDER BY one.line), '')) AS digest
  FROM (SELECT concat_ws('|', b.restaurant_id, b.booking_date, b.start_time, b.party_size, b.status,
                         (SELECT string_agg(a.table_id::text, ',' ORDER BY a.table_id)
                            FROM booking_table_assignments a
                           WHERE a.booking_id = b.id)) AS line
          FROM bookings b
         WHERE b.restaurant_id = ANY ($1::uuid[])
           AND b.booking_date >= $2::date) AS one
