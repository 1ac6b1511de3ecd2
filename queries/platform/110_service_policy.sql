-- Lunch, dinner and the buffer after each sitting: one row for all restaurants.
CREATE TABLE service_policy (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    lunch_start time NOT NULL DEFAULT '12:00',
    lunch_end time NOT NULL DEFAULT '15:00',
    dinner_start time NOT NULL DEFAULT '17:00',
    dinner_end time NOT NULL DEFAULT '22:00',
    clean_buffer_minutes smallint NOT NULL DEFAULT 5,
    allow_after_hours boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
