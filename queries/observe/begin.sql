-- Opens the one transaction of a look: read only, so that nothing a look asks can change anything.
BEGIN READ ONLY
