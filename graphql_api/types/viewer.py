"""The caller, and the limits of its requests."""

import strawberry
from sqlalchemy import ColumnElement, Integer, Text

from db.domain import cart, content
from db.tables import KeyRole
from graphql_api.sql.fields import Expression, embedded, one, value
from graphql_api.sql.request import viewer_application
from graphql_api.sql.scope import Scope
from graphql_api.types.application import Application


def setting(name: str) -> Expression:
    """Return a limit from the settings."""

    def expression(scope: Scope) -> ColumnElement[int]:
        return scope.bind(lambda request: getattr(request.limits, name), Integer())

    return expression


def rule(limit: int) -> Expression:
    """Return a limit of the domain."""
    return lambda scope: scope.bind(lambda request: limit, Integer())


@strawberry.type(
    description="The limits of requests, and of what a session can hold. A request over a limit has an error with the"
    " code LIMIT_EXCEEDED or BAD_USER_INPUT; a session over a limit is refused with InvalidInput."
)
class Limits:
    max_page_size: int = value(
        "The highest number that first and last can have, and of IDs that nodes takes.", setting("max_page_size")
    )
    max_depth: int = value("The deepest nesting of fields in a document.", setting("max_depth"))
    max_aliases: int = value(
        "The highest number of aliases in an operation. A fragment counts each time it is used.", setting("max_aliases")
    )
    max_directives: int = value(
        "The highest number of directives in an operation. A fragment counts each time it is used.",
        setting("max_directives"),
    )
    max_root_fields: int = value("The highest number of root fields in an operation.", setting("max_root_fields"))
    max_fields: int = value(
        "The highest number of fields in an operation. A fragment counts each time it is used.", setting("max_fields")
    )
    max_operations: int = value("The highest number of operations in a document.", setting("max_operations"))
    max_tokens: int = value("The highest number of lexical tokens in a document.", setting("max_tokens"))
    max_document_length: int = value("The highest number of characters in a document.", setting("max_document_length"))
    max_cost: int = value(
        "The highest cost of an operation, which extensions.cost of each response shows. Each object costs 1,"
        " times the size of the pages around it; lists without pages count as one object. totalCount, a sum,"
        " a filter, a mutation and a preview cost 20 each. Twelve fields of introspection cost 1.",
        setting("max_cost"),
    )
    max_request_bytes: int = value("The largest size of a request's body in bytes.", setting("max_request_bytes"))
    max_session_bytes: int = value(
        "The largest size of a session in bytes: its texts and attributes as JSON, plus 100 for each line, discount"
        " and identifier. The attributes of a profile have the same limit.",
        setting("max_session_bytes"),
    )
    max_token_seconds: int = value(
        "The longest time in seconds until a session token expires.", setting("max_token_seconds")
    )
    max_cart_items: int = value("The highest number of lines in a cart.", rule(cart.MAX_LINES))
    max_cart_units: int = value("The highest number of units in all lines of a cart together.", rule(cart.MAX_UNITS))
    max_identifiers: int = value("The highest number of identifiers of a session.", rule(content.MAX_IDENTIFIERS))


@strawberry.type(description="The caller: its key or session token, and its limits.")
class Viewer:
    key_name: str = value(
        'The name of the key. For a session token, the name of the key that created it, followed by "'
        ' (session token)".',
        lambda scope: scope.bind(lambda request: request.viewer.key_name, Text()),
    )
    role: KeyRole = value(
        "The permissions of the key; READER for a session token.",
        lambda scope: scope.bind(lambda request: request.viewer.role, Text()),
    )
    application: Application | None = one(
        "The application of the key; null for an ADMIN key, which has all.",
        lambda scope, application: [application["application_id"] == scope.bind(viewer_application, Integer())],
    )
    limits: Limits = embedded("The limits of the caller's requests.")
