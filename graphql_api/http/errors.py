"""The HTTP response to a request that is refused or fails. Exceptions are mapped to statuses here and nowhere else."""

from collections.abc import Mapping
from http import HTTPStatus

from graphql import GraphQLError

from graphql_api.errors import (
    BadUserInput,
    LimitExceeded,
    OperationFailed,
    Overloaded,
    RateLimited,
    Unauthenticated,
    Unavailable,
    first_code,
    public_error,
)
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.parameters import MalformedRequest
from graphql_api.http.negotiation import GRAPHQL_RESPONSE

RETRY_SECONDS = 1  # in Retry-After, unless the error knows better


class ClientDisconnected(Exception):
    """The client closed the connection before it got a response."""


class HTTPError(Exception):
    """A response with errors and without data."""

    def __init__(self, status: HTTPStatus, *errors: GraphQLError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors
        self.headers = headers or {}


def http_error(exception: Exception, media_type: str | None) -> HTTPError:
    """Return the response to an exception, in the media type that was negotiated."""
    match exception:
        case HTTPError():
            return exception
        case MalformedRequest():
            return HTTPError(HTTPStatus.BAD_REQUEST, BadUserInput(str(exception)))
        case Unauthenticated():
            return HTTPError(HTTPStatus.UNAUTHORIZED, exception, headers={"WWW-Authenticate": "Bearer"})
        case Overloaded():
            return retry_later(HTTPStatus.SERVICE_UNAVAILABLE, exception, exception.seconds)
        case RateLimited():
            return retry_later(HTTPStatus.TOO_MANY_REQUESTS, exception, exception.seconds)
        case LimitExceeded():  # of open connections: a limit that a document exceeds makes it an InvalidDocument
            return retry_later(HTTPStatus.TOO_MANY_REQUESTS, exception)
        case InvalidDocument() | OperationFailed():
            return HTTPError(request_error_status(media_type), *exception.errors)
    error = public_error(exception)
    if first_code([error]) == Unavailable.code:
        return retry_later(HTTPStatus.SERVICE_UNAVAILABLE, error)
    return HTTPError(HTTPStatus.INTERNAL_SERVER_ERROR, error)


def request_error_status(media_type: str | None) -> HTTPStatus:
    """Return the status of a well-formed request that is not executed: 200 for application/json, by the specification.

    https://graphql.github.io/graphql-over-http/draft/#sec-application-json
    """
    return HTTPStatus.BAD_REQUEST if media_type == GRAPHQL_RESPONSE else HTTPStatus.OK


def retry_later(status: HTTPStatus, error: GraphQLError, seconds: int = RETRY_SECONDS) -> HTTPError:
    """Return a response that names the seconds after which the request can be repeated."""
    return HTTPError(status, error, headers={"Retry-After": str(seconds)})


def method_not_allowed(allowed: str, problem: str) -> HTTPError:
    """Return the response to a method that is not among those allowed."""
    return HTTPError(HTTPStatus.METHOD_NOT_ALLOWED, BadUserInput(problem), headers={"Allow": allowed})


def not_acceptable(problem: str) -> HTTPError:
    """Return the response to a request that accepts no media type of its result."""
    return HTTPError(HTTPStatus.NOT_ACCEPTABLE, BadUserInput(problem))
