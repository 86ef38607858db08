"""How GraphQL travels: over HTTP, and into the browser."""
