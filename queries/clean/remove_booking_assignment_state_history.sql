-- Removes changes of the state of an assignment.
-- params: $1 keys text[]
DELETE FROM booking_assignment_state_history t
 WHERE t.id::text = ANY ($1::text[])
