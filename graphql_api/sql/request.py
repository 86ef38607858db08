"""The request that a statement runs for: the caller, the limits and the variables.

One statement serves many requests. A ``Getter`` reads one value out of a request. The value becomes a parameter, or it
decides the text of the statement: the condition of a directive, an order, or which fields of a filter are set.
``PlanKey.value`` reads such a value and records it. A plan, and the cost formula of an operation, serve every request
in which the recorded getters return the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One execution of an operation.

    ``source`` is the object that a payload's field belongs to, or the event that a subscription sends. ``memo`` holds
    values that were computed from the variables once and are needed again.
    """

    viewer: Viewer
    limits: Settings
    variables: Mapping[str, Any]
    source: Any = None
    memo: dict[Getter, Any] = field(default_factory=dict)


Getter = Callable[[Request], Any]
KeyValues = Sequence[tuple[Getter, Any]]


def viewer_is_admin(request: Request) -> bool:
    """Return whether the caller reads every application."""
    return request.viewer.is_admin


def viewer_application(request: Request) -> int:
    """Return the number of the caller's application, 0 for an ADMIN key."""
    return request.viewer.application_id


def has_session_token(request: Request) -> bool:
    """Return whether the caller holds a session token, which reads a part of an application."""
    return request.viewer.session_id is not None


@dataclass(frozen=True, slots=True)
class RequestedApplication:
    """The application of a root field: that of its argument, or of the caller's key."""

    argument: Getter

    def __call__(self, request: Request) -> int:
        """Return its number. Raises Forbidden and BadUserInput."""
        return request.viewer.resolve_application(self.argument(request))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value that is read from the database before the statement runs, into ``Request.memo``.

    ``operation`` takes a connection and the value of ``argument``.
    """

    operation: Callable[[Connection, Any], Any]
    argument: Getter

    def __call__(self, request: Request) -> Any:
        """Return the argument."""
        return self.argument(request)


class PlanKey:
    """Read values from one request, and record them."""

    def __init__(self, request: Request, values: Iterable[tuple[Getter, Any]] = ()) -> None:
        self.request = request
        self._values = dict(values)

    def value(self, getter: Getter) -> Any:
        """Return the request's value, which has to be hashable and small, and make it part of the key."""
        if getter not in self._values:
            self._values[getter] = getter(self.request)
        return self._values[getter]

    @property
    def values(self) -> KeyValues:
        """The recorded getters with their values."""
        return tuple(self._values.items())


def matches(values: KeyValues, request: Request) -> bool:
    """Return whether a request has the values of a key."""
    return all(getter(request) == value for getter, value in values)


@dataclass(frozen=True, slots=True)
class HasValue:
    """Read whether an argument has a value other than null. Equal for equal getters, so that a key has it once."""

    of: Getter

    def __call__(self, request: Request) -> bool:
        """Return whether there is a value."""
        return self.of(request) is not None
