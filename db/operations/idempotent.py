"""Repeats: with an idempotency key a change is made once in 24 hours, and a repeat is answered as the first time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from decimal import MAX_PREC, Context, Decimal
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection

from db.domain import text
from db.domain.commands import UNSET, SessionCommand, UpdateProfile
from db.domain.errors import IdempotencyKeyReused, Refused
from db.operations.outcome import Actor, Outcome, ProfileOutcome
from db.repository import records
from db.repository.records import RecordKey

MAX_KEY = 255
PURGERS = 16  # of 256 changes with a key, those that also remove records past their time: chosen by their hash
EXACT = Context(prec=MAX_PREC, traps=[])

C = TypeVar("C", bound=SessionCommand | UpdateProfile)
T = TypeVar("T", Outcome, ProfileOutcome)
Operation = Callable[[Connection, Actor, C, datetime], T]


def once(answer: type[T]) -> Callable[[Operation[C, T]], Operation[C, T]]:
    """Make an operation heed its command's idempotency key; ``answer`` is the type of what it answers.

    Raises Refused with IdempotencyKeyReused where the key stands for another input. A refused change leaves no
    record, since nothing of its transaction is left.
    """

    def heeding(operation: Operation[C, T]) -> Operation[C, T]:
        @wraps(operation)
        def run(connection: Connection, actor: Actor, command: C, now: datetime) -> T:
            if command.idempotency_key is None:
                return operation(connection, actor, command, now)
            key = record_key(actor, command.application_id, command.idempotency_key)
            input_hash = digest(command)
            record = records.claim(connection, key, input_hash, now)
            if record is None:
                outcome = operation(connection, actor, command, now)
                told = asdict(outcome)
                del told["replayed"]
                records.answer(connection, key, told)
                if input_hash[0] < PURGERS:
                    records.purge(connection, key.application_id, now)
                return outcome
            if record.input_hash != input_hash:
                raise Refused(IdempotencyKeyReused())
            return answer(**record.outcome, replayed=True)

        return run

    return heeding


def record_key(actor: Actor, application_id: int, idempotency_key: str) -> RecordKey:
    """What the record is known by. Raises Refused with InvalidInput."""
    if found := [*text.problems(idempotency_key, ("idempotencyKey",), least=1, most=MAX_KEY)]:
        raise Refused(*found)
    return RecordKey(application_id, actor.key_prefix, idempotency_key)


def digest(command: SessionCommand | UpdateProfile) -> bytes:
    """The hash of the whole command: equal for equal input, however its amounts and its objects are written."""
    return sha256(json.dumps(command, default=canonical, sort_keys=True).encode()).digest()


def canonical(value: Any) -> Any:
    """What JSON has no form for: an amount, an object, a command. A field that was left out is left out."""
    match value:
        case Decimal():
            return str(value.normalize(EXACT))
        case Mapping():
            return dict(value)
    held = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"": type(value).__name__, **{name: each for name, each in held.items() if each is not UNSET}}
