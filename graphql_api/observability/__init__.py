"""Log, metrics and traces: each operation is recorded once and reported to all three."""
