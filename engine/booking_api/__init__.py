"""The reference booking API: the platform's HTTP contract on a database with its schema, in a process of its own."""
