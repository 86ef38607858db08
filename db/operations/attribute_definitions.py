"""Operations on attribute definitions."""

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, update

from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import definition_problems
from db.domain.commands import UNSET, CreateAttributeDefinition, UpdateAttributeDefinition
from db.domain.errors import AlreadyExists, NotFound, Refused, quote
from db.domain.times import truncate_to_millisecond
from db.repository.applications import load_all_rules, load_rules
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


def update_attribute_definition(connection: Connection, command: UpdateAttributeDefinition) -> None:
    """Change a definition. Stored values stay as they are. Raises Refused with NotFound."""
    rules = load_all_rules(connection, command.application_id).attributes
    definition = rules.definitions.get((command.entity, command.name))
    if definition is None:
        what = f"attribute {quote(command.name)} of {command.entity.name}"
        raise Refused(NotFound(path=("id",), what=what))
    new: dict[str, Any] = {}
    if command.description is not UNSET:
        new["description"] = command.description or ""
    if command.allowed_values is not UNSET:
        new["allowed_values"] = None if command.allowed_values is None else tuple(command.allowed_values)
    if found := [*definition_problems(replace(definition, **new))]:
        raise Refused(*found)
    if new:
        statement = update(ATTRIBUTE_DEFINITION).filter_by(
            application_id=command.application_id, entity=command.entity, name=command.name
        )
        connection.execute(statement.values(new))
