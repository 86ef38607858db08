"""Records of changes that were made with an idempotency key, and what they returned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from db.engine.statements import Statement
from db.repository.applications import unknown_application
from db.repository.core import APPLICATION, IDEMPOTENCY, insert_in

LIFETIME = timedelta(hours=24)
MAX_DELETED = 100  # records at once, so that no change takes long for it


@dataclass(frozen=True, slots=True)
class RecordKey:
    """The primary key of a record. Each API key has idempotency keys of its own."""

    application_id: int
    key_prefix: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Record:
    """The hash of a change's input, and its outcome."""

    input_hash: bytes
    outcome: Mapping[str, Any]


# In an UPDATE no parameter of the WHERE can have the name of a column.
UPDATE_OUTCOME = Statement(
    update(IDEMPOTENCY).where(*(IDEMPOTENCY.c[name] == bindparam(f"of_{name}") for name in RecordKey.__slots__))
)
SELECT_RECORD = Statement(
    select(IDEMPOTENCY.c.input_hash, IDEMPOTENCY.c.outcome).where(
        *(IDEMPOTENCY.c[name] == bindparam(name) for name in RecordKey.__slots__)
    )
)
OLDEST = (
    select(IDEMPOTENCY.c.key_prefix, IDEMPOTENCY.c.idempotency_key)
    .where(IDEMPOTENCY.c.application_id == bindparam("application_id"), IDEMPOTENCY.c.created <= bindparam("expired"))
    .order_by(IDEMPOTENCY.c.created)
    .limit(MAX_DELETED)
    .with_for_update(skip_locked=True)  # on PostgreSQL: skip what another transaction deletes or reuses
    .cte("oldest")  # found once: PostgreSQL may run a subquery again and again, and each time it finds others
)
DELETE_OLDEST = Statement(
    delete(IDEMPOTENCY).where(
        IDEMPOTENCY.c.application_id == bindparam("application_id"),
        tuple_(IDEMPOTENCY.c.key_prefix, IDEMPOTENCY.c.idempotency_key).in_(select(OLDEST)),
    )
)


def claim(connection: Connection, key: RecordKey, input_hash: bytes, now: datetime) -> Record | None:
    """Store a record without an outcome and return None; if the key has a record already, return that.

    The record is written before the change, so that of two concurrent calls with one key the second waits here for the
    first. An expired record is replaced. Raises Refused with NotFound for an unknown application.
    """
    new = {**asdict(key), "input_hash": input_hash, "outcome": {}, "created": now}
    if claiming(connection.dialect.name).rows(connection, {**new, "expired": now - LIFETIME}):
        return None
    row = SELECT_RECORD.first(connection, asdict(key))
    if row is None:
        raise unknown_application(key.application_id)
    return Record(*row)


def save_outcome(connection: Connection, key: RecordKey, outcome: Mapping[str, Any]) -> None:
    """Store the outcome of a claimed key, which repeated calls return."""
    names = {f"of_{name}": value for name, value in asdict(key).items()}
    UPDATE_OUTCOME.rows(connection, {**names, "outcome": outcome})


def delete_expired(connection: Connection, application_id: int, now: datetime) -> None:
    """Delete the oldest expired records, at most ``MAX_DELETED``."""
    DELETE_OLDEST.rows(connection, {"application_id": application_id, "expired": now - LIFETIME})


@cache
def claiming(dialect: str) -> Statement:
    """Return the INSERT of ``claim``. It returns nothing if the key has a live record or the application is unknown."""
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
