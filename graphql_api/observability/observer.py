"""Who is told of operations: of each when it begins and when it ends."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING

from graphql_api.observability.operation import Operation

if TYPE_CHECKING:
    from graphql_api.observability.traces import Traces

SANE = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")  # what a log can hold and a header can repeat


class Observer:
    """Tells of operations. One that comes without an id of its own gets one that no other has."""

    def __init__(self, tellers: Sequence[Callable[[Operation], None]], traces: "Traces | None" = None) -> None:
        self._tellers = tellers
        self._traces = traces
        self._process = token_hex(8)
        self._numbers = count(1)

    def begin(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> Operation:
        """An operation that has just been asked for, with these headers."""
        seen = Operation(named(headers) or f"{self._process}-{next(self._numbers)}")
        if self._traces:
            self._traces.begin(seen, headers)
        return seen

    def end(self, seen: Operation) -> None:
        """The operation has been answered."""
        seen.end()
        for tell in self._tellers:
            tell(seen)


def named(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that a request comes with, if it is one that can be written down."""
    for name, value in headers:
        if name == b"x-request-id" and SANE.fullmatch(value):
            return value.decode()
    return None
