"""Attribute definitions."""

from datetime import datetime
from typing import ClassVar

import strawberry

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.tables import AttributeDefinitionRow
from graphql_api.sql.fields import column
from graphql_api.sql.global_ids import Source
from graphql_api.types.node import Node


@strawberry.type(description="An attribute that an application has defined for one kind of entity.")
class AttributeDefinition(Node):
    """A definition as the API shows it."""

    source: ClassVar[Source] = Source(AttributeDefinitionRow, "attribute")

    entity: AttributeEntity = column("What it is defined for.")
    name: str = column("A letter, then letters, digits and underscores; at most 100 characters.")
    type: AttributeType = column("The type of its values.")
    description: str = column("What it means, for people.")
    allowed_values: list[str] | None = column("The only values allowed; null where every value of the type is.")
    editable: bool = column("False: once set on an entity it cannot change.")
    created: datetime = column("When it was defined.")
