-- Who changed what. References nothing: it outlives what it tells of.
CREATE TABLE audit_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    actor text,
    action text NOT NULL,
    entity text NOT NULL,
    entity_id text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}'
);
-- Deliberately no other index: every assignment writes here, and nothing that is in a hurry reads.
