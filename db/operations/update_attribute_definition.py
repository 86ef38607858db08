"""updateAttributeDefinition: change a definition's description or allowed values."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, update

from db.domain.attributes import definition_problems
from db.domain.commands import UNSET, UpdateAttributeDefinition
from db.domain.errors import NotFound, Refused, quote
from db.repository.applications import load_all_rules
from db.repository.core import ATTRIBUTE_DEFINITION


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
