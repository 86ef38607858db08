"""API keys."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.tables import KeyRole
from graphql_api.sql.fields import column
from graphql_api.sql.source import Source
from graphql_api.types.node import Node
from graphql_api.types.sources import API_KEYS


@strawberry.type(
    description="A key to the API, without its secret, which only createKey answers. Only an ADMIN key can read keys."
)
class ApiKey(Node):
    source: ClassVar[Source] = API_KEYS

    name: str = column("A name for people, 1 to 100 characters. The events that the key causes have it as their actor.")
    role: KeyRole = column("The permissions of the key.")
    prefix: str = column("The public part of the key, by which the server's logs and metrics name it.")
    created: datetime = column("When the key was created.")
    expires: datetime | None = column("When the key stops working; null for never.")
    revoked: datetime | None = column("When the key was revoked; null if it was not.")
    last_used: datetime | None = column("When the key was last used, accurate to about a minute; null if it never was.")
