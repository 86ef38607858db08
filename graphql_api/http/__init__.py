"""GraphQL over HTTP, WebSocket and server-sent events, and the GraphiQL page."""
