"""Sessions in and out as JSON, one entity a line, and the check that what is kept agrees with its history."""
