"""Facts to one database file, and answers out of it."""
