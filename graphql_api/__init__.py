"""How customer sessions are served: GraphQL over HTTP, WebSocket and SSE."""
