"""Applications."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.domain.attribute_definition import UnknownAttributes
from db.domain.money import RoundingMode
from graphql_api.sql.fields import column
from graphql_api.sql.source import Source
from graphql_api.types.node import Node
from graphql_api.types.sources import APPLICATIONS


@strawberry.type(
    description="An owner of sessions, profiles, attribute definitions and keys. It sets the currency and the rules"
    " of its sessions."
)
class Application(Node):
    source: ClassVar[Source] = APPLICATIONS

    application_id: int = column("The number of the application, which arguments and inputs take as applicationId.")
    name: str = column("A name for people, 1 to 200 characters.")
    currency: str = column('The ISO 4217 code of the currency of all its amounts, such as "EUR". It cannot change.')
    time_zone: str = column('The IANA name of its time zone, such as "Europe/Lisbon".')
    rounding_mode: RoundingMode = column(
        "How a line's discount share is rounded when some of its units are returned. It cannot change."
    )
    unknown_attributes: UnknownAttributes = column(
        "Whether values of attributes that are not defined are refused or dropped."
    )
    created: datetime = column("When the application was created.")
