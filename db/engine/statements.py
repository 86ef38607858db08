"""Statements of SQLAlchemy Core that are compiled once and run by the driver, in the transaction of the connection.

SQLAlchemy's own execution takes longer than most of these statements, and prepares each on PostgreSQL in a round trip
of its own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.util import await_only

T = TypeVar("T")
Processor = Callable[[Any], Any] | None
OnEnd = Callable[[BaseException | None], None]
Observer = Callable[[str, str], OnEnd | None]

MAX_FORMS = 100  # compiled forms of one statement: an UPDATE has one for each set of columns that change together

# Called with the text and the dialect of each statement that begins; what it returns is called when the statement ends.
statement_observer: ContextVar[Observer | None] = ContextVar("statement_observer", default=None)


class Statement:
    """A Core statement with named parameters. No parameter can be a list.

    In an INSERT or UPDATE, the parameters that are named like columns are the columns that it sets.
    """

    begins_transaction = True  # on PostgreSQL, unless one has begun

    def __init__(self, core: Select[Any] | Insert | Update | Delete) -> None:
        self._core = core
        self._forms: dict[tuple[str, ...], Compiled] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Return all rows, as named tuples."""
        compiled = self._compile(connection, parameters)
        driver: Any = connection.connection.driver_connection
        if self.begins_transaction:
            begin(connection)
        fetch = fetch_from_postgresql if compiled.dialect == "postgresql" else fetch_from_sqlite
        return [compiled.row(each) for each in compiled.observe(fetch, driver, compiled.values(parameters))]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Return the first row, or None."""
        rows = self.rows(connection, parameters)
        return rows[0] if rows else None

    def read(self, connection: Connection, parameters: Mapping[str, Any], found: Sequence[Any]) -> list[Any]:
        """Convert rows of this statement's columns that another statement has fetched."""
        compiled = self._compile(connection, parameters)
        return [compiled.row(each) for each in found]

    def for_each(self, connection: Connection, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run once for each mapping (``executemany``). All mappings have the same keys."""
        compiled = self._compile(connection, parameters[0])
        driver: Any = connection.connection.driver_connection
        if self.begins_transaction:
            begin(connection)
        execute = execute_on_postgresql if compiled.dialect == "postgresql" else execute_on_sqlite
        compiled.observe(execute, driver, [compiled.values(each) for each in parameters])

    def _compile(self, connection: Connection, parameters: Mapping[str, Any]) -> Compiled:
        """Return the compiled form for this dialect and these parameter names."""
        key = (connection.dialect.name, *parameters)
        compiled = self._forms.get(key)
        if compiled is None:
            if len(self._forms) >= MAX_FORMS:
                self._forms.clear()
            compiled = self._forms[key] = Compiled.of(self._core, connection.dialect, list(parameters))
        return compiled


class AutocommitStatement(Statement):
    """A statement that begins no transaction on PostgreSQL: it only reads, or is a whole change by itself."""

    begins_transaction = False


def begin(connection: Connection) -> None:
    """Begin a transaction on PostgreSQL, unless one has begun. Rows read before may have changed since."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        if not driver.is_in_transaction():
            await_only(driver.execute("BEGIN"))


def in_transaction(connection: Connection) -> bool:
    """Return whether a transaction has begun, so that row locks last; on SQLite one always has."""
    driver: Any = connection.connection.driver_connection
    return connection.dialect.name != "postgresql" or bool(driver.is_in_transaction())


@dataclass(frozen=True, slots=True)
class Compiled:
    """The SQL text of a statement, with the conversions of its parameters and columns."""

    dialect: str
    text: str
    binds: Sequence[tuple[str, Processor]]
    constants: Mapping[str, Any]
    columns: Sequence[tuple[int, Callable[[Any], Any]]]  # only those whose values have to be converted
    make_row: Callable[[Any], Any]

    @classmethod
    def of(cls, core: Select[Any] | Insert | Update | Delete, dialect: Dialect, names: list[str]) -> Compiled:
        """Compile a statement for parameters of these names."""
        compiled: Any = core.compile(dialect=dialect, column_keys=names)
        binds = [(compiled.binds[name].key, compiled.binds[name]) for name in compiled.positiontup]
        columns = list(core.exported_columns)
        row = namedtuple("row", [column.key for column in columns], rename=True)  # type: ignore[misc]  # known only here
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        return cls(
            dialect.name,
            str(compiled),
            [(name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in binds],
            {name: bind.value for name, bind in binds if name not in names},
            [(index, reader) for index, reader in enumerate(readers) if reader],
            row._make,
        )

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the parameters' values for the driver, by position."""
        given = {**self.constants, **parameters} if self.constants else parameters
        return [process(given[name]) if process else given[name] for name, process in self.binds]

    def row(self, found: Sequence[Any]) -> Any:
        """Convert a row of the driver to a named tuple."""
        if self.columns:
            values = list(found)
            for index, read in self.columns:
                values[index] = read(values[index])
            return self.make_row(values)
        return self.make_row(found)

    def observe(self, run: Callable[[Any, str, Any], T], driver: Any, values: Any) -> T:
        """Run the statement, and call the statement observer when it begins and ends."""
        observer = statement_observer.get()
        on_end = observer(self.text, self.dialect) if observer else None
        if on_end is None:
            return run(driver, self.text, values)
        try:
            result = run(driver, self.text, values)
        except BaseException as error:
            on_end(error)
            raise
        on_end(None)
        return result


def fetch_from_sqlite(driver: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    return driver.execute(text, values).fetchall()


def fetch_from_postgresql(driver: Any, text: str, values: Sequence[Any]) -> Sequence[Any]:
    return await_only(driver.fetch(text, *values))


def execute_on_sqlite(driver: Any, text: str, values: Sequence[Sequence[Any]]) -> None:
    driver.executemany(text, values)


def execute_on_postgresql(driver: Any, text: str, values: Sequence[Sequence[Any]]) -> None:
    await_only(driver.executemany(text, values))
