-- Nothing changes in the database: who reads each pair in the direction it is stored in only is the planner.
SELECT
