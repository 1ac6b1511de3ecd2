-- Whose rows a session may see, for the policies of 510. Kept for the session, so that it outlives a transaction.
CREATE OR REPLACE FUNCTION set_restaurant_context(p_restaurant_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.restaurant_id', coalesce(p_restaurant_id::text, ''), false);
END
$$;

-- The session's setting, or else the request's header, as the platform's HTTP door hands it on.
CREATE OR REPLACE FUNCTION require_restaurant_context() RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_told text := coalesce(
        nullif(current_setting('app.restaurant_id', true), ''),
        nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-restaurant-id');
BEGIN
    IF v_told IS NULL OR NOT v_told ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        RAISE EXCEPTION 'Restaurant context is required'
            USING ERRCODE = '42501', DETAIL = format('app.restaurant_id is %L', v_told),
                  HINT = 'SELECT set_restaurant_context(the restaurant''s id)';
    END IF;
    RETURN v_told::uuid;
END
$$;
