"""Session events: the history of each application and the feed that subscribers follow."""
