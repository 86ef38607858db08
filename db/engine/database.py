"""The interface of a database, and what it raises."""

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Dialect

P = ParamSpec("P")
T = TypeVar("T")


class Pool(NamedTuple):
    """The connections of a database: those that are open, those of them in use, and how much waits for one."""

    open: int
    in_use: int
    waiting: int


class Database(Protocol):
    """A database that is open. Operations are plain functions over a connection; what is here runs them."""

    @property
    def dialect(self) -> Dialect:
        """What SQL is written for, and how it names its parameters."""
        ...

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction: committed when this returns, rolled back when it raises."""
        ...

    async def query(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation that only reads, on one snapshot."""
        ...

    async def read(self, statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
        """The one value that a compiled read answers: JSON text, or None where there is no such row.

        ``objects`` is how many it reads at most, but for lists that have no pages; None where nobody can tell. Raises
        StatementTooDeep and AnswerTooLong.
        """
        ...

    def pool(self) -> Pool:
        """How its connections are used now. On SQLite those of long reads; what waits to be written waits, too."""
        ...

    @property
    def tail(self) -> "Tail":
        """Where it tells of new events."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the files or the server."""
        ...


class Tail(Protocol):
    """The end of the history, to which every process that uses the database adds."""

    async def changed(self) -> None:
        """Return when something may have been committed, by whatever process, since this returned before."""
        ...

    async def settled(self) -> int:
        """The id up to which all events that will ever be there are there: none is committed later."""
        ...


class CannotWrite(Exception):
    """Nothing can be written now, and nothing was: the file is locked by another process, or gone, or the disk full."""


class DatabaseAway(Exception):
    """The server does not answer, or broke off. What was being written may have been committed all the same."""


class LostRace(Exception):
    """Others were faster: what an operation read has changed. Nothing was written, and it can be run again."""


class StatementTooDeep(Exception):
    """A compiled read nests more than this database's parser takes."""


class AnswerTooLong(Exception):
    """A compiled read answers more than this database will make at once; the argument is how many bytes it will."""


class UnusableDatabase(Exception):
    """The URL names no database that can be used; the message says what is wrong in one sentence."""


class NotSecured(UnusableDatabase):
    """The way to the server cannot be secured as it is asked for."""
