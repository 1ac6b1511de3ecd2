-- Ends a look. Its limits end with it, so none is left on a backend that a pooler gives to someone else.
COMMIT
