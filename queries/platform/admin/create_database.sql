-- A database made as a copy of another. Names cannot be parameters; engine/platform/databases.py checks them first.
CREATE DATABASE {database} TEMPLATE {template}
