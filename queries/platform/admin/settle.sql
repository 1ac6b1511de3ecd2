-- Statistics and visibility of what was just seeded, once, so that no copy has to gather them.
VACUUM ANALYZE
