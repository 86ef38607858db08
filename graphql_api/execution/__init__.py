"""Running one GraphQL operation, whichever transport carries it."""
