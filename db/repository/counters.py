"""The counters of limits: read, locked, added to and subtracted from, all that one change needs in one statement.

Rows are locked in the order of their keys, so that no two transactions wait for each other. Amounts are whole
ten-thousandths, as in the table; a use is 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from operator import add, sub
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, bindparam, cast, column, func, select, type_coerce
from sqlalchemy import literal_column as literal
from sqlalchemy.types import TypeEngine

from db.engine import json
from db.engine.statements import AutocommitStatement, Statement
from db.repository.core import CAMPAIGN_LIMIT, LIMIT_COUNTER, insert_in
from db.tables.columns import JsonText


class CounterRow(NamedTuple):
    """The key of a counter. ``subject`` and ``starts`` are empty where the limit has none."""

    limit_id: int
    subject: str
    starts: str


class Change(Enum):
    """The change of counters by one statement."""

    LOCK = "lock"
    ADD = "add"
    SUBTRACT = "subtract"


KEY = [LIMIT_COUNTER.c[name] for name in CounterRow._fields]
APPLICATION_ID: ColumnElement[Any] = bindparam("application_id", type_=LIMIT_COUNTER.c.application_id.type)


def read_counters(connection: Connection, application_id: int, keys: Iterable[CounterRow]) -> Mapping[CounterRow, int]:
    """Return the counters that exist."""
    parameters = {"application_id": application_id, "counters": json.dumps([list(key) for key in keys])}
    rows = reading(connection.dialect.name).rows(connection, parameters)
    return {CounterRow(*row[:3]): row.used for row in rows if row.used is not None}


def lock_counters(connection: Connection, application_id: int, keys: Iterable[CounterRow]) -> None:
    """Lock counters until the transaction ends. Those that are missing are created."""
    change_counters(connection, Change.LOCK, application_id, dict.fromkeys(keys, 0))


def add_to_counters(connection: Connection, application_id: int, amounts: Mapping[CounterRow, int]) -> bool:
    """Add to counters that have room for it. Return whether all had; if not, roll back the transaction."""
    return change_counters(connection, Change.ADD, application_id, amounts) == len(amounts)


def subtract_from_counters(connection: Connection, application_id: int, amounts: Mapping[CounterRow, int]) -> None:
    """Subtract earlier additions from counters."""
    change_counters(connection, Change.SUBTRACT, application_id, amounts)


def change_counters(
    connection: Connection, change: Change, application_id: int, amounts: Mapping[CounterRow, int]
) -> int:
    """Change counters, and return how many were changed."""
    if not amounts:
        return 0
    listed = json.dumps([[*key, amount] for key, amount in amounts.items()])
    statement = changing(connection.dialect.name, change)
    return len(statement.rows(connection, {"application_id": application_id, "counters": listed}))


@cache
def reading(dialect: str) -> AutocommitStatement:
    """Return the statement of ``read_counters``: a look-up by key for each element of the list.

    In a join, SQLite would read all counters of the application and the list for each of them.
    """
    listed = columns_of_list(dialect, "counters", [each.type for each in KEY])
    same = [stored == wanted for stored, wanted in zip(KEY, listed, strict=True)]
    stored = type_coerce(LIMIT_COUNTER.c.used, BigInteger)
    used = select(stored).where(LIMIT_COUNTER.c.application_id == APPLICATION_ID, *same)
    names = CounterRow._fields
    columns = [column.label(name) for name, column in zip(names, listed, strict=True)]
    return AutocommitStatement(select(*columns, used.correlate_except(LIMIT_COUNTER).scalar_subquery().label("used")))


@cache
def changing(dialect: str, change: Change) -> Statement:
    """Return the statement that changes counters.

    An addition is guarded by the limit that is stored, whether the counter exists or not.
    """
    limit_id, subject, starts, amount = columns_of_list(
        dialect, "counters", [*(each.type for each in KEY), BigInteger()]
    )
    new = select(APPLICATION_ID, limit_id, subject, starts, amount).order_by(limit_id, subject, starts)
    of_limit = CAMPAIGN_LIMIT.c.application_id == APPLICATION_ID, CAMPAIGN_LIMIT.c.id == limit_id
    max_ = select(CAMPAIGN_LIMIT.c.max).where(*of_limit).correlate_except(CAMPAIGN_LIMIT).scalar_subquery()
    # SQLite takes ON CONFLICT after a SELECT without WHERE for a part of a join.
    new = new.where(amount <= max_ if change is Change.ADD else amount.is_not(None))
    statement = insert_in(dialect, LIMIT_COUNTER).from_select(["application_id", *CounterRow._fields, "used"], new)
    excluded = statement.excluded
    used = (sub if change is Change.SUBTRACT else add)(LIMIT_COUNTER.c.used, excluded.used)
    guard = None
    if change is Change.ADD:
        # Plain text, since SQLAlchemy would add the table that is inserted into to the FROM of the subquery.
        stored = CAMPAIGN_LIMIT.alias("stored_limit")
        stored_max = select(stored.c.max).where(
            stored.c.application_id == literal(f"{LIMIT_COUNTER.name}.application_id"),
            stored.c.id == literal(f"{LIMIT_COUNTER.name}.limit_id"),
        )
        guard = used <= stored_max.scalar_subquery()
    return Statement(
        statement.on_conflict_do_update(
            index_elements=LIMIT_COUNTER.primary_key.columns, set_={"used": used}, where=guard
        ).returning(LIMIT_COUNTER.c.limit_id)
    )


def columns_of_list(dialect: str, parameter: str, types: Sequence[TypeEngine[Any]]) -> Sequence[ColumnElement[Any]]:
    """Return the columns of a table that a parameter contains as JSON: a list of rows, each a list of values."""
    if dialect == "postgresql":
        rows = func.json_array_elements(bindparam(parameter, type_=JsonText())).table_valued(
            column("value", JsonText()), name="listed"
        )
        return [cast(rows.c.value.op("->>")(literal(str(index))), type_) for index, type_ in enumerate(types)]
    rows = func.json_each(bindparam(parameter, type_=Text())).table_valued("value", name="listed")
    # Paths are part of the text: SQLite parses a parameter anew for each value.
    return [func.json_extract(rows.c.value, literal(f"'$[{index}]'"), type_=type_) for index, type_ in enumerate(types)]
