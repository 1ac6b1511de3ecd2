-- How many holds are good now; what is not is in stale_holds, which says why a hold's time may end before expires_at.
-- returns: LiveHolds
-- needs: SELECT on the platform's tables. since: 14
SELECT count(*)::int AS live_holds
  FROM table_holds h
 WHERE CASE WHEN h.expires_at > h.end_at
            THEN least(h.expires_at, h.created_at + (h.expires_at - h.end_at))
            ELSE h.expires_at
       END >= clock_timestamp()
