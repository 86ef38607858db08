"""Where entities are read from their tables and written back: statements over a connection, no rules."""
