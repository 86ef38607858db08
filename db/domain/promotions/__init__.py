"""Promotions: campaigns, and the pure function that evaluates a session's discounts."""
