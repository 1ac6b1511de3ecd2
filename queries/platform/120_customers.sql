-- A guest of one restaurant. Unique by e-mail and by phone, so whoever makes guests must vary both.
CREATE TABLE customers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    restaurant_id uuid NOT NULL REFERENCES restaurants (id) ON DELETE CASCADE,
    full_name text NOT NULL,
    email text NOT NULL,
    phone text NOT NULL,
    email_normalized text GENERATED ALWAYS AS (lower(btrim(email))) STORED,
    phone_normalized text GENERATED ALWAYS AS (regexp_replace(phone, '[^0-9]', '', 'g')) STORED,
    marketing_opt_in boolean NOT NULL DEFAULT false,
    auth_user_id uuid,
    user_profile_id uuid,
    notes text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_email_lowercase CHECK (email = lower(email)),
    CONSTRAINT customers_phone_length CHECK (length(btrim(phone)) BETWEEN 7 AND 20),
    CONSTRAINT customers_restaurant_id_email_normalized_key UNIQUE (restaurant_id, email_normalized),
    CONSTRAINT customers_restaurant_id_phone_normalized_key UNIQUE (restaurant_id, phone_normalized),
    CONSTRAINT customers_restaurant_email_phone_key UNIQUE (restaurant_id, email_normalized, phone_normalized)
);
