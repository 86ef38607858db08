"""Keys."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.tables import ApiKeyRow, KeyRole
from graphql_api.sql.fields import column
from graphql_api.sql.global_ids import Source
from graphql_api.types.node import Node


@strawberry.type(
    description="A key to the API. Its secret is shown once, when it is made. Only an ADMIN key sees keys."
)
class ApiKey(Node):
    """A key as the API shows it: never its secret."""

    source: ClassVar[Source] = Source(ApiKeyRow, "key")

    name: str = column("What people call it; the actor of the events it causes.")
    role: KeyRole = column("What it may do.")
    prefix: str = column("The part of the key that is no secret; logs speak of it.")
    created: datetime = column("When it was made.")
    expires: datetime | None = column("When it stops working; null for never.")
    revoked: datetime | None = column("When it was revoked; null where it was not.")
    last_used: datetime | None = column("When it was last used, to the minute or so; null where it never was.")
