"""Statements, counted for the operation that they are run for."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event

from db.engine import Database
from graphql_api.observe.operation import Operation, current

P = ParamSpec("P")
T = TypeVar("T")


class Counted:
    """A database whose statements are counted. A compiled read is one; of an operation SQLAlchemy tells each."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.dialect
        self.tail = database.tail
        self.close = database.close
        self._database = database
        if not event.contains(Engine, "before_cursor_execute", count):
            event.listen(Engine, "before_cursor_execute", count)

    def read(
        self, statement: str, parameters: Mapping[str, Any], objects: int | None
    ) -> Coroutine[Any, Any, str | None]:
        """The one value that a compiled read answers."""
        if seen := current.get():
            seen.statements += 1
        return self._database.read(statement, parameters, objects)

    def write(
        self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run an operation in one transaction."""
        return self._database.write(run_for(current.get(), operation), *args, **kwargs)

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
        token = current.set(seen)
        try:
            return operation(connection, *args, **kwargs)
        finally:
            current.reset(token)

    return run


def count(*_: object) -> None:
    """Note that a statement is run."""
    if seen := current.get():
        seen.statements += 1
