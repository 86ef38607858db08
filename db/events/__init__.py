"""Session events: the histories of applications and sessions, and the feed that subscribers read them from."""
