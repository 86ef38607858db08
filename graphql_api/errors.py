"""The errors of GraphQL responses, and the one mapping of exceptions to them."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from graphql import GraphQLError

from db.engine.errors import CannotWrite, DatabaseUnavailable

log = logging.getLogger("cartograph")

UNAVAILABLE: Mapping[type[Exception], str] = {
    CannotWrite: "The database cannot be written now. Nothing was changed; try again later.",
    DatabaseUnavailable: "The database is away."
    " A change may have been made all the same: repeat it with its idempotency key.",
}


class RequestError(GraphQLError):
    """An entry of ``errors`` with a code in its extensions."""

    code = "INTERNAL"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadUserInput(RequestError):
    """A value fits its GraphQL type and cannot be used: a malformed cursor or ID, or a page size above the limit."""

    code = "BAD_USER_INPUT"


class Forbidden(RequestError):
    """The key or session token is valid, and does not permit the operation."""

    code = "FORBIDDEN"


class Unauthenticated(RequestError):
    """The request has no key or session token, or one that is not valid."""

    code = "UNAUTHENTICATED"


class LimitExceeded(RequestError):
    """The document or the requested data exceeds a limit, which the message names."""

    code = "LIMIT_EXCEEDED"


class GoingAway(RequestError):
    """The server shuts down. A client can resume a subscription at another process, or here after the restart."""

    code = "GOING_AWAY"


class TimedOut(RequestError):
    """The operation did not finish before its deadline."""

    code = "TIMEOUT"


class Unavailable(RequestError):
    """The database cannot be used now; the message says whether anything may have been changed."""

    code = "UNAVAILABLE"


class DocumentNotFound(RequestError):
    """No trusted document has the ID in the request."""

    code = "DOCUMENT_NOT_FOUND"


class RateLimited(RequestError):
    """The key has used up its budget; ``seconds`` is the time until it can send the next operation.

    The extension ``retryAfter`` says it over WebSockets and in event streams, which have no Retry-After header.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message, retryAfter=seconds)
        self.seconds = seconds


class Overloaded(RateLimited):
    """The server executes as many operations as it permits at once, of all keys together."""


class OperationFailed(Exception):
    """An operation cannot be executed, or a subscription cannot go on; ``errors`` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


class SubscriptionInterrupted(Exception):
    """A subscription cannot go on because of ``error``; ``position`` holds the arguments that resume it."""

    def __init__(self, error: Exception, position: Mapping[str, Any]) -> None:
        super().__init__(error, position)
        self.error = error
        self.position = position


def public_error(error: Exception) -> GraphQLError:
    """Return the error that a client sees for an exception.

    The text of an exception that is not a GraphQLError is logged, and not shown. An unexpected one gets an ID, by
    which the client's error is found in the log.
    """
    if isinstance(error, GraphQLError):
        error.extensions = {"code": BadUserInput.code, **(error.extensions or {})}
        return error
    if isinstance(error, CannotWrite | DatabaseUnavailable):
        log.warning("the database cannot be used: %s", str(error) or error.__cause__)
        return Unavailable(UNAVAILABLE[type(error)])
    identifier = uuid4().hex
    log.error("internal error %s", identifier, exc_info=error)
    return RequestError(f"Internal error {identifier}.", id=identifier)


def public_errors(errors: Sequence[GraphQLError]) -> list[GraphQLError]:
    """Return the errors of one result as a client sees them. An exception behind several errors is logged once."""
    public: dict[int, GraphQLError] = {}
    found = []
    for error in errors:
        cause = error.original_error
        if cause is None or isinstance(cause, GraphQLError):
            found.append(public_error(error))
            continue
        known = public.get(id(cause))
        if known is None:
            known = public[id(cause)] = public_error(cause)
        found.append(GraphQLError(known.message, error.nodes, path=error.path, extensions=known.extensions))
    return found


def first_code(errors: Sequence[GraphQLError]) -> str:
    """Return the code of the first error, by which logs and metrics count the operation."""
    return str((errors[0].extensions or {}).get("code", RequestError.code))
