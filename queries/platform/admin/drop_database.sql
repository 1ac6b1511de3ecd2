-- Ends a database, whoever is in it.
DROP DATABASE IF EXISTS {database} WITH (FORCE)
