"""Read entities from their tables and write them back: statements over a connection, no rules."""
