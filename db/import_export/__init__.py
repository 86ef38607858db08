"""Import and export of sessions as JSON, one entity a line, and the check of stored sessions against their events."""
