-- Opens the one transaction of a cleaning: all of it sees one moment, so that rows are counted before and after alone.
BEGIN ISOLATION LEVEL REPEATABLE READ
