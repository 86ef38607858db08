"""Applications."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.domain.attribute_definition import UnknownAttributes
from db.domain.money import RoundingMode
from db.tables import ApplicationRow
from graphql_api.sql.fields import column
from graphql_api.sql.global_ids import Source
from graphql_api.types.node import Node


@strawberry.type(description="Owns sessions, sets their currency and their rules. Keys belong to one.")
class Application(Node):
    """An application as the API shows it."""

    source: ClassVar[Source] = Source(ApplicationRow, "application")

    application_id: int = column("The number by which fields and inputs name the application.")
    name: str = column("What people call it; 1 to 200 characters.")
    currency: str = column("The ISO 4217 code of all its amounts. It cannot change.")
    time_zone: str = column("An IANA name, such as Europe/Lisbon.")
    rounding_mode: RoundingMode = column("How parts of a discount share are rounded when items are returned.")
    unknown_attributes: UnknownAttributes = column("What becomes of attributes that are not defined.")
    created: datetime = column("When it was made.")
