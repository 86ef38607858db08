"""Records of changes that were made under an idempotency key."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from db.engine.statements import Statement
from db.repository.applications import unknown_application
from db.repository.core import APPLICATION, IDEMPOTENCY, insert_in

KEPT = timedelta(hours=24)
PURGED = 100  # records at once, so that no change takes long for it


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A key is one key holder's own, in one application."""

    application_id: int
    key_prefix: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Record:
    """What was asked, as a hash, and what was answered."""

    input_hash: bytes
    outcome: Mapping[str, Any]


# In an UPDATE no parameter of the WHERE can have the name of a column.
ANSWER = Statement(
    update(IDEMPOTENCY).where(*(IDEMPOTENCY.c[name] == bindparam(f"of_{name}") for name in RecordKey.__slots__))
)
RECORD = Statement(
    select(IDEMPOTENCY.c.input_hash, IDEMPOTENCY.c.outcome).where(
        *(IDEMPOTENCY.c[name] == bindparam(name) for name in RecordKey.__slots__)
    )
)
OLDEST = (
    select(IDEMPOTENCY.c.key_prefix, IDEMPOTENCY.c.idempotency_key)
    .where(IDEMPOTENCY.c.application_id == bindparam("application_id"), IDEMPOTENCY.c.created <= bindparam("expired"))
    .order_by(IDEMPOTENCY.c.created)
    .limit(PURGED)
    .with_for_update(skip_locked=True)  # on PostgreSQL: what another change purges, or takes over, is left to it
    .cte("oldest")  # found once: PostgreSQL may run a subquery again and again, and each time it finds others
)
PURGE = Statement(
    delete(IDEMPOTENCY).where(
        IDEMPOTENCY.c.application_id == bindparam("application_id"),
        tuple_(IDEMPOTENCY.c.key_prefix, IDEMPOTENCY.c.idempotency_key).in_(select(OLDEST)),
    )
)


def claim(connection: Connection, key: RecordKey, input_hash: bytes, now: datetime) -> Record | None:
    """Take the key for this transaction; where it is taken, answer its record.

    The record is written before the change and not after it, so that of two calls at once one waits here for the
    other. A record past its time is taken over. Raises Refused with NotFound where there is no such application.
    """
    new = {**asdict(key), "input_hash": input_hash, "outcome": {}, "created": now}
    if claiming(connection.dialect.name).rows(connection, {**new, "expired": now - KEPT}):
        return None
    row = RECORD.first(connection, asdict(key))
    if row is None:
        raise unknown_application(key.application_id)
    return Record(*row)


def answer(connection: Connection, key: RecordKey, outcome: Mapping[str, Any]) -> None:
    """Write down what a repeat will be answered."""
    names = {f"of_{name}": value for name, value in asdict(key).items()}
    ANSWER.rows(connection, {**names, "outcome": outcome})


def purge(connection: Connection, application_id: int, now: datetime) -> None:
    """Remove the oldest records that are past their time: all of them, or as many as may be at once."""
    PURGE.rows(connection, {"application_id": application_id, "expired": now - KEPT})


@cache
def claiming(dialect: str) -> Statement:
    """The INSERT of a record; it answers nothing where a live record has the key, or there is no such application."""
    columns = IDEMPOTENCY.c
    new = select(*(bindparam(column.name, type_=column.type) for column in columns)).where(
        APPLICATION.c.application_id == bindparam("application_id")
    )
    statement = insert_in(dialect, IDEMPOTENCY).from_select([column.name for column in columns], new)
    statement = statement.on_conflict_do_update(
        index_elements=IDEMPOTENCY.primary_key.columns,
        set_={name: statement.excluded[name] for name in ("input_hash", "outcome", "created")},
        where=columns.created <= bindparam("expired"),
    )
    return Statement(statement.returning(columns.application_id))
