-- What became of a booking's status, oldest first.
-- params: $1 booking uuid
-- returns: StatusChange
-- needs: SELECT on the platform's tables. since: 14
SELECT s.changed_at AS changed,
       coalesce(s.from_status::text, '') AS was,
       s.to_status::text AS became,
       coalesce(s.reason, '') AS reason
  FROM booking_state_history s
 WHERE s.booking_id = $1::uuid
 ORDER BY s.changed_at, s.id
 LIMIT 40
