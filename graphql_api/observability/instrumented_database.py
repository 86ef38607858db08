"""InstrumentedDatabase: counts the statements of each operation, and traces them where the operation is sampled."""

from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, event

from db.engine.database import Database
from db.engine.statements import statement_observer
from graphql_api.observability.operation_record import OperationRecord, StatementEnded, current_operation

P = ParamSpec("P")
T = TypeVar("T")

# The operation for which a database operation runs. Unset for work that a request starts on the side, such as updating
# the time of a key's last use.
running_for: ContextVar[OperationRecord | None] = ContextVar("running_for", default=None)


class InstrumentedDatabase:
    """Wraps a database and reports each statement to the record of the current operation."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.dialect
        self.tail = database.tail
        self.pool = database.pool
        self.close = database.close
        self.writes = 0  # queued or running
        self._database = database
        for name, listener in LISTENERS.items():
            if not event.contains(Engine, name, listener):
                event.listen(Engine, name, listener)

    def read(
        self, statement: str, parameters: Mapping[str, Any], objects: int | None
    ) -> Coroutine[Any, Any, str | None]:
        """Run a compiled read, which is one statement."""
        if record := current_operation.get():
            record.statements += 1
            if record.span:
                return traced(
                    record.span.start_statement(statement, self.dialect.name),
                    self._database.read(statement, parameters, objects),
                )
        return self._database.read(statement, parameters, objects)

    async def write(self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation in one transaction."""
        self.writes += 1
        try:
            return await self._database.write(run_for(current_operation.get(), operation), *args, **kwargs)
        finally:
            self.writes -= 1

    def query(
        self, operation: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, T]:
        """Run an operation that only reads."""
        return self._database.query(run_for(current_operation.get(), operation), *args, **kwargs)


def run_for(
    record: OperationRecord | None, operation: Callable[Concatenate[Connection, P], T]
) -> Callable[Concatenate[Connection, P], T]:
    """Wrap a database operation so that its statements are reported to the record, on whichever thread it runs."""

    def run(connection: Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        token, watching_token = running_for.set(record), statement_observer.set(statement_started)
        try:
            return operation(connection, *args, **kwargs)
        finally:
            statement_observer.reset(watching_token)
            running_for.reset(token)

    return run


async def traced(ended: StatementEnded, reading: Coroutine[Any, Any, T]) -> T:
    """Await a read and end its span."""
    try:
        answer = await reading
    except BaseException as error:
        ended(error)
        raise
    ended(None)
    return answer


def statement_started(text: str, dialect: str) -> StatementEnded | None:
    """Count a statement. Returns the function to call when it ends, if it is traced."""
    if record := running_for.get():
        record.statements += 1
        if record.span:
            return record.span.start_statement(text, dialect)
    return None


def before_cursor_execute(
    connection: Connection, cursor: object, text: str, values: object, context: Any, many: bool
) -> None:
    """Count a statement that SQLAlchemy runs, and start its span."""
    context.ended = statement_started(text, connection.dialect.name)


def after_cursor_execute(
    connection: Connection, cursor: object, text: str, values: object, context: Any, many: bool
) -> None:
    """End the span of a statement that SQLAlchemy has run."""
    if ended := getattr(context, "ended", None):
        ended(None)


def handle_error(context: ExceptionContext) -> None:
    """End the span of a statement that has failed in SQLAlchemy."""
    if ended := getattr(context.execution_context, "ended", None):
        ended(context.original_exception)


LISTENERS: Mapping[str, Callable[..., None]] = {
    each.__name__: each for each in (before_cursor_execute, after_cursor_execute, handle_error)
}
