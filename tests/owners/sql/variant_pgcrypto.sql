-- pgcrypto in schema {schema}. A server that comes without it gets the one function of it that is called.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions e WHERE e.name = 'pgcrypto') THEN
        CREATE EXTENSION pgcrypto SCHEMA {schema};
    ELSE
        CREATE FUNCTION {schema}.digest(text, text) RETURNS bytea
        LANGUAGE plpgsql IMMUTABLE STRICT AS $digest$
        BEGIN
            IF $2 <> 'sha256' THEN
                RAISE EXCEPTION 'this stand-in for pgcrypto knows sha256 and not %', $2;
            END IF;
            RETURN sha256(convert_to($1, 'UTF8'));
        END
        $digest$;
    END IF;
END
$$;
