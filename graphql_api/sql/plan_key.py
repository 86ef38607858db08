"""The plan cache key: the values of a request that decide the text of a statement.

The condition of a directive, an order, or which fields of a filter are set changes the SQL. Such a value is read by
``PlanKey.value``, which records it. A plan, and the cost formula of an operation, serve every request in which the
recorded getters return the same values. A value that does not change the SQL becomes a parameter instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql_api.sql.request import Getter, Request

KeyValues = Sequence[tuple[Getter, Any]]


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
