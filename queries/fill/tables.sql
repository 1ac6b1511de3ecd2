-- The tables of a restaurant that can be given to a party.
-- params: $1 restaurant uuid
-- returns: Table
SELECT t.id AS id,
       t.table_number AS number,
       t.zone_id AS zone_id,
       t.capacity AS capacity,
       t.min_party_size AS min_party,
       t.max_party_size AS max_party,
       t.category::text AS category,
       t.seating_type::text AS seating_type,
       t.mobility = 'movable' AS movable
  FROM table_inventory t
 WHERE t.restaurant_id = $1::uuid
   AND t.active
   AND t.status <> 'out_of_service'
 ORDER BY t.table_number
