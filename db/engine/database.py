"""The interface of an open database, the same for SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Dialect

P = ParamSpec("P")
T = TypeVar("T")

MAX_ANSWER = 16 * 2**20  # bytes that a compiled read answers


class Pool(NamedTuple):
    """How many connections are open, how many of them are in use, and how many operations wait for one."""

    open: int
    in_use: int
    waiting: int


class Database(Protocol):
    """An open database. It runs operations, which are plain functions of a connection."""

    @property
    def dialect(self) -> Dialect:
        """The dialect and parameter style that compiled reads are written in."""
        ...

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises."""
        ...

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot."""
        ...

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """Run a compiled read and return the JSON text that it answers, or None if it answers no row.

        ``objects`` is an upper bound of the objects it reads, lists without pages not counted; None if there is none.
        Raises StatementTooDeep, and AnswerTooLarge, also for a statement that answers an empty text.
        """
        ...

    def pool(self) -> Pool:
        """Return how the connections are used now. On SQLite: those of long reads, and the queue of the writer."""
        ...

    @property
    def tail(self) -> "Tail":
        """The end of the event history, for the event feed."""
        ...

    async def close(self) -> None:
        """Finish what is under way and close all connections."""
        ...


class Tail(Protocol):
    """The end of the event history, to which every process that uses the database appends."""

    async def wait_for_commit(self) -> None:
        """Wait until any process may have committed since the last call returned."""
        ...

    async def settled_id(self) -> int:
        """Return an event ID up to which no event will be committed any more."""
        ...
