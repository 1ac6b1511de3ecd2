-- A template that may be dropped again.
ALTER DATABASE {database} WITH IS_TEMPLATE false
