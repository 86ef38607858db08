"""Attribute definitions."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.domain.attribute_definition import AttributeEntity, AttributeType
from graphql_api.sql.fields import column
from graphql_api.sql.source import Source
from graphql_api.types.node import Node
from graphql_api.types.sources import ATTRIBUTE_DEFINITIONS


@strawberry.type(
    description="The definition of an attribute, which an application's sessions, cart lines or profiles can have."
)
class AttributeDefinition(Node):
    source: ClassVar[Source] = ATTRIBUTE_DEFINITIONS

    entity: AttributeEntity = column("The kind of entity that has the attribute.")
    name: str = column(
        "The name of the attribute: a letter, then letters, digits and underscores; at most 100 characters."
    )
    type: AttributeType = column("The type of the attribute's values.")
    description: str = column("The meaning of the attribute, for people; empty if nobody has described it.")
    allowed_values: list[str] | None = column(
        "The only values that are allowed, each written as a text; null if all values of the type are."
    )
    editable: bool = column("False if a value of the attribute cannot change once it is set on an entity.")
    created: datetime = column("When the attribute was defined.")
