-- Whatever waits for COMMIT happens now, so that it is counted too.
SET CONSTRAINTS ALL IMMEDIATE
