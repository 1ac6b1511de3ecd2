-- Flags switched in the database, per environment.
CREATE TABLE feature_flag_overrides (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    flag text NOT NULL,
    environment text NOT NULL,
    value boolean NOT NULL,
    notes jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT feature_flag_overrides_unique_flag_env UNIQUE (flag, environment)
);
