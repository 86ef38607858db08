"""Idempotency keys: run an operation once for each key, and answer repeats within 24 hours from its record."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import MAX_PREC, Context, Decimal
from functools import wraps
from hashlib import sha256
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from db.domain import text
from db.domain.commands import UNSET
from db.domain.errors import IdempotencyKeyReused, Refused
from db.domain.times import format_time
from db.operations.outcome import Actor
from db.repository import idempotency
from db.repository.idempotency import RecordKey

MAX_KEY = 255
PURGERS = 16  # of 256 operations with a key also remove expired records, chosen by the first byte of the input's hash
EXACT = Context(prec=MAX_PREC, traps=[])  # normalizes any Decimal without rounding or an error

NOT_STORED = ("replayed", "secret")  # attributes of an outcome


class Repeatable(Protocol):
    """A command that can have an idempotency key. It is a dataclass."""

    @property
    def application_id(self) -> int: ...

    @property
    def idempotency_key(self) -> str | None: ...


C = TypeVar("C", bound=Repeatable)
T = TypeVar("T", bound=Any)  # a dataclass with the field ``replayed``
P = ParamSpec("P")
Operation = Callable[Concatenate[Connection, Actor, C, datetime, P], T]


def idempotent(outcome_type: type[T]) -> Callable[[Operation[C, P, T]], Operation[C, P, T]]:
    """Make an operation run once for each idempotency key of its commands. ``outcome_type`` is its return type.

    Raises Refused with IdempotencyKeyReused if the key's record has another input. A refused operation leaves no
    record: its transaction is rolled back.
    """

    def decorate(operation: Operation[C, P, T]) -> Operation[C, P, T]:
        @wraps(operation)
        def run(
            connection: Connection, actor: Actor, command: C, now: datetime, /, *args: P.args, **kwargs: P.kwargs
        ) -> T:
            if command.idempotency_key is None:
                return operation(connection, actor, command, now, *args, **kwargs)
            key = record_key(actor, command.application_id, command.idempotency_key)
            input_hash = hash_command(command)
            record = idempotency.claim(connection, key, input_hash, now)
            if record is None:
                outcome = operation(connection, actor, command, now, *args, **kwargs)
                stored = {name: value for name, value in asdict(outcome).items() if name not in NOT_STORED}
                idempotency.save_outcome(connection, key, stored)
                if input_hash[0] < PURGERS:
                    idempotency.delete_expired(connection, key.application_id, now)
                return outcome
            if record.input_hash != input_hash:
                raise Refused(IdempotencyKeyReused())
            return outcome_type(**record.outcome, replayed=True)

        return run

    return decorate


def record_key(actor: Actor, application_id: int, idempotency_key: str) -> RecordKey:
    """Return the key of the record. Raises Refused with InvalidInput."""
    if found := [*text.problems(idempotency_key, ("idempotencyKey",), min_length=1, max_length=MAX_KEY)]:
        raise Refused(*found)
    return RecordKey(application_id, actor.key_prefix, idempotency_key)


def hash_command(command: Repeatable) -> bytes:
    """Hash a command. Amounts with the same value and objects with the same keys have the same hash."""
    return sha256(json.dumps(command, default=to_json, sort_keys=True).encode()).digest()


def to_json(value: Any) -> Any:
    """Convert an amount, a time, a mapping or a command for ``json.dumps``. Fields that are UNSET are left out."""
    match value:
        case Decimal():
            return str(value.normalize(EXACT))
        case datetime():
            return format_time(value)
        case Mapping():
            return dict(value)
    values = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"": type(value).__name__, **{name: each for name, each in values.items() if each is not UNSET}}
