"""Webhooks: checking their documents, and sending events to their URLs."""
