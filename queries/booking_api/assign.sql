-- Give a booking its tables and leave its status; the hold is the caller's to give back in the same transaction.
-- params: $1 booking uuid, $2 tables uuid[], $3 key text, $4 adjacency bool, $5 start timestamptz, $6 end timestamptz
-- returns: Confirming
SELECT pg_current_xact_id()::text::bigint AS xid,
       ARRAY(
         SELECT a.table_id
           FROM assign_tables_atomic_v2(
                  $1::uuid, $2::uuid[], $3::text, $4::boolean, NULL::uuid, $5::timestamptz, $6::timestamptz) AS a
       ) AS table_ids
