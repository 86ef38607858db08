"""What goes wrong, as GraphQL says it: request errors with a code, and refusals as data (the one mapping of them)."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError


class RequestError(GraphQLError):
    """An entry of ``errors`` with a code of ours in its extensions."""

    code = "INTERNAL"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadUserInput(RequestError):
    """A value that fits its type and still cannot be used: a cursor or an id made by hand, a page that is too long."""

    code = "BAD_USER_INPUT"


class Forbidden(RequestError):
    """The key is good, and may not do this."""

    code = "FORBIDDEN"


class Unauthenticated(RequestError):
    """No key, or one that is not good."""

    code = "UNAUTHENTICATED"


class LimitExceeded(RequestError):
    """The document or what it asks for is over a limit, which the message names."""

    code = "LIMIT_EXCEEDED"


class GoingAway(RequestError):
    """The server stops. A subscription can be taken up again at another one, or at this one when it is back."""

    code = "GOING_AWAY"


class Interrupted(Exception):
    """A subscription cannot go on now. The error is not for its client; where it can go on from is."""

    def __init__(self, error: Exception, place: Mapping[str, Any]) -> None:
        super().__init__(error, place)
        self.error = error
        self.place = place


class TimedOut(RequestError):
    """The operation's deadline has passed."""

    code = "TIMEOUT"


class Unavailable(RequestError):
    """The database cannot be used now; the message says whether anything may have been changed."""

    code = "UNAVAILABLE"


class DocumentNotFound(RequestError):
    """No trusted document has the id that a request names."""

    code = "DOCUMENT_NOT_FOUND"


class RateLimited(RequestError):
    """The key has spent its budget; ``seconds`` is when it has one again."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class Overloaded(RateLimited):
    """The server has more to do than it takes on at once, whoever asks."""
