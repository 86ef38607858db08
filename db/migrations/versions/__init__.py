"""The migrations, in order. A migration never changes once it has been released."""
