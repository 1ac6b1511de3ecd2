-- Nothing: what its answer takes is what asking costs.
-- returns: NothingRow
SELECT 1 AS one
