"""What stands between the world and the schema: keys and roles, and the limits of documents."""
