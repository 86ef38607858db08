"""What an application decides for its sessions and its profiles."""

from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, bindparam, select

from db.domain.attribute_definition import AttributeDefinition
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import UNSET, SessionContent
from db.domain.content import Rules
from db.domain.errors import NotFound, Refused
from db.engine.statements import AutocommitStatement
from db.repository.core import APPLICATION, ATTRIBUTE_DEFINITION

FIXED = WeakKeyDictionary[Dialect, dict[int, Rules]]()  # rules that have been read: a dialect is one database's
MAX_KNOWN = 1_000
DESCRIBED = ("entity", "name", "type", "description", "allowed_values", "editable")
SETTINGS = AutocommitStatement(
    select(*(APPLICATION.c[name] for name in ("minor_digits", "rounding_mode", "unknown_attributes"))).where(
        APPLICATION.c.application_id == bindparam("application_id")
    )
)
DEFINITIONS = AutocommitStatement(
    select(*(ATTRIBUTE_DEFINITION.c[name] for name in DESCRIBED)).where(
        ATTRIBUTE_DEFINITION.c.application_id == bindparam("application_id")
    )
)


def settings(connection: Connection, application_id: int) -> Rules:
    """The rules, as yet without the definitions of attributes. Raises Refused with NotFound."""
    row = SETTINGS.first(connection, {"application_id": application_id})
    if row is None:
        raise unknown_application(application_id)
    return Rules(
        minor_digits=row.minor_digits,
        rounding=row.rounding_mode,
        attributes=AttributeRules(definitions={}, unknown=row.unknown_attributes),
    )


def fixed(connection: Connection, application_id: int) -> Rules:
    """The rules, but that those of attributes may be past: what never changes is read once.

    Raises Refused with NotFound.
    """
    known = FIXED.setdefault(connection.dialect, {})
    rules = known.get(application_id)
    if rules is None:
        if len(known) >= MAX_KNOWN:
            known.clear()
        rules = known[application_id] = settings(connection, application_id)
    return rules


def rules_for(
    connection: Connection, application_id: int, content: SessionContent, held: Sequence[CartLine] = ()
) -> Rules:
    """The rules for ``content``, of a session that has the lines ``held``. Raises Refused with NotFound."""
    lines = [] if content.cart_items is UNSET else [*held, *(content.cart_items or ())]
    if content.attributes is UNSET and not any(line.attributes for line in lines):
        return fixed(connection, application_id)
    rules = settings(connection, application_id)
    return replace(rules, attributes=with_definitions(connection, application_id, rules.attributes))


def with_definitions(connection: Connection, application_id: int, rules: AttributeRules) -> AttributeRules:
    """The rules of attributes, with every definition of the application."""
    definitions = {}
    for row in DEFINITIONS.rows(connection, {"application_id": application_id}):
        allowed = None if row.allowed_values is None else tuple(row.allowed_values)
        definition = AttributeDefinition(**{**row._asdict(), "allowed_values": allowed})
        definitions[definition.entity, definition.name] = definition
    return replace(rules, definitions=definitions)


def unknown_application(application_id: int) -> Refused:
    """The refusal of a change to an application that does not exist."""
    return Refused(NotFound(path=("applicationId",), what=f"application {application_id}"))
