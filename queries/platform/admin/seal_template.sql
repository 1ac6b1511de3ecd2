-- A finished template: whoever owns databases may copy it, nobody may enter it, so that copying never waits.
ALTER DATABASE {database} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false
