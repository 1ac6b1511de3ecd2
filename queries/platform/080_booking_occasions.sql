-- What one can book: lunch, dinner, drinks and the seasonal ones.
CREATE TABLE booking_occasions (
    key text PRIMARY KEY,
    label text NOT NULL,
    short_label text NOT NULL,
    description text,
    availability jsonb NOT NULL DEFAULT '[]',
    default_duration_minutes smallint NOT NULL DEFAULT 90,
    display_order smallint NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
