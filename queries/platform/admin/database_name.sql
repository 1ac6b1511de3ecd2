-- The name of the database one is in.
SELECT current_database()::text AS name
