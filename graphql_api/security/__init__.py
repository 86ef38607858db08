"""Authentication, permissions, and limits: keys and session tokens, document limits, rate limits, trusted documents."""
