-- Ends a database that nobody is in; refused when somebody is.
DROP DATABASE IF EXISTS {database}
