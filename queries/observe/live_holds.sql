-- How many holds are good now.
-- returns: LiveHolds
-- needs: SELECT on the platform's tables. since: 14
SELECT count(*)::int AS live_holds
  FROM table_holds h
 WHERE h.expires_at >= clock_timestamp()
