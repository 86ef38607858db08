"""Statements that are compiled once and then run on the driver itself, in the transaction of SQLAlchemy's connection.

SQLAlchemy's own execution takes longer than most of them, and on PostgreSQL goes to the server twice for each.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.util import await_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
    from sqlalchemy.types import TypeEngine

Ended = Callable[[BaseException | None], None]
Processor = Callable[[Any], Any] | None

MAX_KEPT = 100  # compiled forms of one statement: an UPDATE has one for each set of columns that change together

# Who is told that a statement begins, by its text and its dialect, and wants to know how it ends.
watching: ContextVar[Callable[[str, str], Ended | None] | None] = ContextVar("watching", default=None)


class Statement:
    """A statement of SQLAlchemy Core whose parameters have names. No list can stand for one of them.

    Where a mapping names columns of an INSERT or UPDATE, those are the ones that it sets.
    """

    begins = True  # a transaction, where PostgreSQL has none as yet

    def __init__(self, core: Select[Any] | Insert | Update | Delete) -> None:
        self._core = core
        self._kept: dict[tuple[str, ...], Compiled] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Every row that it answers, as a named tuple."""
        compiled = self._compiled(connection, parameters)
        driver: Any = connection.connection.driver_connection
        if self.begins:
            begin(connection)
        values = compiled.values(parameters)
        with told(compiled):
            if compiled.dialect == "postgresql":
                found = await_only(driver.fetch(compiled.text, *values))
            else:
                found = driver.execute(compiled.text, values).fetchall()
        return [compiled.row(each) for each in found]

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """The one row that it answers, or None."""
        return next(iter(self.rows(connection, parameters)), None)

    def read(self, connection: Connection, parameters: Mapping[str, Any], found: Sequence[Any]) -> list[Any]:
        """What it would answer, out of the driver's rows that came with another statement."""
        compiled = self._compiled(connection, parameters)
        return [compiled.row(each) for each in found]

    def for_each(self, connection: Connection, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each mapping. All have the same names."""
        compiled = self._compiled(connection, parameters[0])
        driver: Any = connection.connection.driver_connection
        if self.begins:
            begin(connection)
        values = [compiled.values(each) for each in parameters]
        with told(compiled):
            if compiled.dialect == "postgresql":
                await_only(driver.executemany(compiled.text, values))
            else:
                driver.executemany(compiled.text, values)

    def _compiled(self, connection: Connection, parameters: Mapping[str, Any]) -> Compiled:
        """Its form for these names in this dialect."""
        key = (connection.dialect.name, *parameters)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            kept = self._kept[key] = Compiled.of(self._core, connection.dialect, list(parameters))
        return kept


class Lone(Statement):
    """A statement that needs no transaction around it: one that reads, or one that is a change as a whole."""

    begins = False


def begin(connection: Connection) -> None:
    """Begin a transaction on PostgreSQL, where none has begun. What has been read until now may have changed since."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        if not driver.is_in_transaction():
            await_only(driver.execute("BEGIN"))


def has_begun(connection: Connection) -> bool:
    """Whether rows can be locked, so that nothing that is read changes until the end."""
    driver: Any = connection.connection.driver_connection
    return connection.dialect.name != "postgresql" or bool(driver.is_in_transaction())


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement as text, how its parameters are written and how its columns are read."""

    dialect: str
    text: str
    binds: Sequence[tuple[str, Processor]]
    constants: Mapping[str, Any]
    columns: Sequence[tuple[int, Callable[[Any], Any]]]  # those that the driver does not read by itself
    made: Callable[[Any], Any]

    @classmethod
    def of(cls, core: Select[Any] | Insert | Update | Delete, dialect: Dialect, names: list[str]) -> Compiled:
        """A statement compiled for parameters that have these names."""
        compiled: Any = core.compile(dialect=dialect, column_keys=names)
        binds = [(compiled.binds[name].key, compiled.binds[name]) for name in compiled.positiontup]
        columns = list(core.exported_columns)
        row = namedtuple("row", [column.key for column in columns], rename=True)  # type: ignore[misc]  # known only here
        readers = [implemented(column.type, dialect).result_processor(dialect, None) for column in columns]
        return cls(
            dialect.name,
            str(compiled),
            [(name, implemented(bind.type, dialect).bind_processor(dialect)) for name, bind in binds],
            {name: bind.value for name, bind in binds if name not in names},
            [(index, reader) for index, reader in enumerate(readers) if reader],
            row._make,
        )

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order in which the database numbers them."""
        given = {**self.constants, **parameters} if self.constants else parameters
        return [process(given[name]) if process else given[name] for name, process in self.binds]

    def row(self, found: Sequence[Any]) -> Any:
        """A row of the driver's, its values read."""
        if self.columns:
            values = list(found)
            for index, read in self.columns:
                values[index] = read(values[index])
            return self.made(values)
        return self.made(found)


def implemented(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """A column type as the dialect has it."""
    return type_.dialect_impl(dialect)


@contextmanager
def told(compiled: Compiled) -> Iterator[None]:
    """Tell who watches that a statement begins, and how it ends."""
    watch = watching.get()
    ended = watch(compiled.text, compiled.dialect) if watch else None
    try:
        yield
    except BaseException as error:
        if ended:
            ended(error)
        raise
    if ended:
        ended(None)
