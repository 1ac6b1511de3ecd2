-- Removes rows of the audit trail.
-- params: $1 keys text[]
DELETE FROM audit_logs t
 WHERE t.id::text = ANY ($1::text[])
