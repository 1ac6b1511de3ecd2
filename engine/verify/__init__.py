"""What is true of a database, whoever wrote it: its integrity, and what of a run's claims is there."""
