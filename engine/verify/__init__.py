"""What is true of a database, whoever wrote it: integrity."""
