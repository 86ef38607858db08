"""Statements, counted for the operation that they are run for, and traced where it is."""

from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, event

from db.engine.database import Database
from db.engine.statements import watching
from graphql_api.observability.operation import Ended, Operation, current

P = ParamSpec("P")
T = TypeVar("T")

# Who an operation of the database is run for; not what a request sets going besides, such as noting the use of a key.
running: ContextVar[Operation | None] = ContextVar("running", default=None)


class Counted:
    """A database whose statements are noted. A compiled read is one; an operation's are told as they are run."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.dialect
        self.tail = database.tail
        self.pool = database.pool
        self.close = database.close
        self.writes = 0  # that wait for their turn, or have it
        self._database = database
        for name, listener in LISTENERS.items():
            if not event.contains(Engine, name, listener):
                event.listen(Engine, name, listener)

    def read(
        self, statement: str, parameters: Mapping[str, Any], objects: int | None
    ) -> Coroutine[Any, Any, str | None]:
        """The one value that a compiled read answers."""
        if seen := current.get():
            seen.statements += 1
            if seen.trace:
                return traced(
                    seen.trace.statement(statement, self.dialect.name),
                    self._database.read(statement, parameters, objects),
                )
        return self._database.read(statement, parameters, objects)

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction."""
        self.writes += 1
        try:
            return await self._database.write(run_for(current.get(), operation), *args, **kwargs)
        finally:
            self.writes -= 1

    def query(
        self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run an operation that only reads."""
        return self._database.query(run_for(current.get(), operation), *args, **kwargs)


def run_for(
    seen: Operation | None, operation: Callable[Concatenate[Connection, P], T]
) -> Callable[Concatenate[Connection, P], T]:
    """An operation of the database that knows, in whichever thread it runs, who asked for it in another."""

    def run(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        token, watched = running.set(seen), watching.set(noted)
        try:
            return operation(connection, *args, **kwargs)
        finally:
            watching.reset(watched)
            running.reset(token)

    return run


async def traced(ended: Ended, reading: Coroutine[Any, Any, T]) -> T:
    """What a read answers, whose end is told."""
    try:
        answer = await reading
    except BaseException as error:
        ended(error)
        raise
    ended(None)
    return answer


def noted(text: str, dialect: str) -> Ended | None:
    """A statement begins; what comes of it is told by calling the answer, if any."""
    if seen := running.get():
        seen.statements += 1
        if seen.trace:
            return seen.trace.statement(text, dialect)
    return None


def begin(connection: Connection, cursor: object, text: str, values: object, statement: Any, many: bool) -> None:
    """SQLAlchemy begins a statement."""
    statement.ended = noted(text, connection.dialect.name)


def end(connection: Connection, cursor: object, text: str, values: object, statement: Any, many: bool) -> None:
    """SQLAlchemy has come to the end of a statement."""
    if ended := getattr(statement, "ended", None):
        ended(None)


def fail(context: ExceptionContext) -> None:
    """A statement of SQLAlchemy has failed."""
    if ended := getattr(context.execution_context, "ended", None):
        ended(context.original_exception)


LISTENERS: Mapping[str, Callable[..., None]] = {
    "before_cursor_execute": begin,
    "after_cursor_execute": end,
    "handle_error": fail,
}
