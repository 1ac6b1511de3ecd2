-- Gives a transaction that was just begun one moment to look at, so that all checks tell of the same.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
