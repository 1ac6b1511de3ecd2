-- What the tables need, and what only looks at the server gain from; all three come with Postgres.
CREATE EXTENSION IF NOT EXISTS btree_gist;
-- The owner of a database may create the first; these two only a superuser may, and whoever runs a server may have left
-- them out. Without them there are a few looks less, and that is no reason to refuse the platform.
DO $$
DECLARE
    v_name text;
BEGIN
    FOREACH v_name IN ARRAY ARRAY['pg_stat_statements', 'pgrowlocks'] LOOP
        BEGIN
            EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I', v_name);
        EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
            RAISE NOTICE '% is not created: %', v_name, SQLERRM;
        END;
    END LOOP;
END
$$;
