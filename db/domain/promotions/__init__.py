"""Promotions: campaigns, and the pure evaluation of what they give to a session."""
