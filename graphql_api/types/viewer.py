"""Who asks."""

import strawberry
from sqlalchemy import ColumnElement, Integer, Text

from db.domain import cart, content
from db.tables import KeyRole
from graphql_api.sql.fields import Expression, embedded, one, value
from graphql_api.sql.scope import Scope
from graphql_api.types.application import Application


def setting(name: str) -> Expression:
    """A limit that the server was started with."""

    def expression(scope: Scope) -> ColumnElement[int]:
        return scope.bind(lambda request: getattr(request.limits, name), Integer())

    return expression


def rule(limit: int) -> Expression:
    """A limit of the domain."""
    return lambda scope: scope.bind(lambda request: limit, Integer())


@strawberry.type(description="What a request may ask for, and what a session may hold.")
class Limits:
    """The limits of this server."""

    max_page_size: int = value("The most rows that first, last or nodes may ask for.", setting("max_page_size"))
    max_depth: int = value("How deep a document may nest fields.", setting("max_depth"))
    max_aliases: int = value("How many aliases an operation may have, fragments spread.", setting("max_aliases"))
    max_directives: int = value(
        "How many directives an operation may have, fragments spread.", setting("max_directives")
    )
    max_root_fields: int = value("How many fields may stand at the root of an operation.", setting("max_root_fields"))
    max_fields: int = value("How many fields an operation may select, fragments spread.", setting("max_fields"))
    max_operations: int = value("How many operations a document may have.", setting("max_operations"))
    max_tokens: int = value("How many tokens a document may have.", setting("max_tokens"))
    max_document_length: int = value("How many characters a document may have.", setting("max_document_length"))
    max_cost: int = value(
        "How many objects a document may answer: pages count for as many as they may hold, other lists for one; a"
        " count, a sum, the search for a page or a change counts for twenty.",
        setting("max_cost"),
    )
    max_request_bytes: int = value("How long the body of a request may be.", setting("max_request_bytes"))
    max_token_seconds: int = value("How long a session token may work.", setting("max_token_seconds"))
    max_cart_items: int = value("How many lines a cart may have.", rule(cart.MAX_LINES))
    max_cart_units: int = value("How many units all lines of a cart may have together.", rule(cart.MAX_UNITS))
    max_identifiers: int = value("How many identifiers a session may have.", rule(content.MAX_IDENTIFIERS))


@strawberry.type(description="Who asks, and within which limits.")
class Viewer:
    """The key of the request."""

    key_name: str = value(
        "The name of the key.", lambda scope: scope.bind(lambda request: request.viewer.key_name, Text())
    )
    role: KeyRole = value("What the key may do.", lambda scope: scope.bind(lambda request: request.viewer.role, Text()))
    application: Application | None = one(
        "The application the key belongs to; null for an ADMIN key.",
        lambda scope, application: [
            application["application_id"] == scope.bind(lambda request: request.viewer.application_id, Integer())
        ],
    )
    limits: Limits = embedded("The limits that hold for its requests.")
