"""createAttributeDefinition: define an attribute of an application."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import definition_problems
from db.domain.commands import CreateAttributeDefinition
from db.domain.errors import AlreadyExists, Refused, quote
from db.domain.times import truncate_to_millisecond
from db.repository.applications import load_rules
from db.repository.core import ATTRIBUTE_DEFINITION, insert_in


class DefinitionKey(NamedTuple):
    """The key of a definition."""

    application_id: int
    entity: AttributeEntity
    name: str


def create_attribute_definition(
    connection: Connection, command: CreateAttributeDefinition, now: datetime
) -> DefinitionKey:
    """Define an attribute. Raises Refused with AlreadyExists if the entity has an attribute of this name."""
    definition = command.definition
    load_rules(connection, command.application_id)
    if found := [*definition_problems(definition)]:
        raise Refused(*found)
    key = DefinitionKey(command.application_id, definition.entity, definition.name)
    allowed = definition.allowed_values
    statement = insert_in(connection.dialect.name, ATTRIBUTE_DEFINITION).values(
        **key._asdict(),
        type=definition.type,
        description=definition.description,
        allowed_values=None if allowed is None else list(allowed),
        editable=definition.editable,
        created=truncate_to_millisecond(now),
    )
    statement = statement.on_conflict_do_nothing(index_elements=ATTRIBUTE_DEFINITION.primary_key.columns)
    if connection.execute(statement.returning(ATTRIBUTE_DEFINITION.c.name)).one_or_none() is None:
        what = f"an attribute {quote(definition.name)} of {definition.entity.name}"
        raise Refused(AlreadyExists(path=("name",), what=what))
    return key
