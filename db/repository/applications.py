"""The rules that an application sets for its sessions and profiles."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from db.domain.attribute_definition import AttributeDefinition
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import UNSET, SessionContent
from db.domain.content import Rules
from db.domain.errors import NotFound, Refused
from db.engine.cache import Cache
from db.engine.statements import AutocommitStatement
from db.repository.core import APPLICATION, ATTRIBUTE_DEFINITION

CACHE = Cache[Rules]()
MAX_CACHED = 1_000
DEFINITION_COLUMNS = ("entity", "name", "type", "description", "allowed_values", "editable")
SELECT_RULES = AutocommitStatement(
    select(*(APPLICATION.c[name] for name in ("minor_digits", "rounding_mode", "unknown_attributes"))).where(
        APPLICATION.c.application_id == bindparam("application_id")
    )
)
SELECT_DEFINITIONS = AutocommitStatement(
    select(*(ATTRIBUTE_DEFINITION.c[name] for name in DEFINITION_COLUMNS)).where(
        ATTRIBUTE_DEFINITION.c.application_id == bindparam("application_id")
    )
)


def load_rules(connection: Connection, application_id: int) -> Rules:
    """Return an application's rules without its attribute definitions. Raises Refused with NotFound."""
    row = SELECT_RULES.first(connection, {"application_id": application_id})
    if row is None:
        raise unknown_application(application_id)
    return Rules(
        minor_digits=row.minor_digits,
        rounding=row.rounding_mode,
        attributes=AttributeRules(definitions={}, unknown=row.unknown_attributes),
    )


def cached_rules(connection: Connection, application_id: int) -> Rules:
    """Return the rules from a cache. Currency and rounding never change; the rules of attributes may be out of date.

    Raises Refused with NotFound.
    """
    cached = CACHE.setdefault(connection.dialect, {})
    rules = cached.get(application_id)
    if rules is None:
        if len(cached) >= MAX_CACHED:
            cached.clear()
        rules = cached[application_id] = load_rules(connection, application_id)
    return rules


def rules_for(
    connection: Connection, application_id: int, content: SessionContent, current: Sequence[CartLine] = ()
) -> Rules:
    """Return the rules for ``content`` of a session that has the lines ``current``. Raises Refused with NotFound.

    Attribute definitions are read only if there are attributes to check.
    """
    lines = [] if content.cart_items is UNSET else [*current, *(content.cart_items or ())]
    if content.attributes is UNSET and not any(line.attributes for line in lines):
        return cached_rules(connection, application_id)
    return load_all_rules(connection, application_id)


def load_all_rules(connection: Connection, application_id: int) -> Rules:
    """Return an application's rules with its attribute definitions. Raises Refused with NotFound."""
    rules = load_rules(connection, application_id)
    definitions = {}
    for row in SELECT_DEFINITIONS.rows(connection, {"application_id": application_id}):
        allowed = None if row.allowed_values is None else tuple(row.allowed_values)
        definition = AttributeDefinition(**{**row._asdict(), "allowed_values": allowed})
        definitions[definition.entity, definition.name] = definition
    return replace(rules, attributes=replace(rules.attributes, definitions=definitions))


def unknown_application(application_id: int) -> Refused:
    """Return the refusal of a change to an application that does not exist."""
    return Refused(NotFound(path=("applicationId",), what=f"application {application_id}"))
