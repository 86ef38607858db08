"""createKey: create an API key, whose secret is returned once and stored as a hash."""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, insert

from db.domain import text
from db.domain.commands import CreateKey
from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.times import truncate_to_millisecond
from db.repository.applications import load_rules
from db.repository.core import API_KEY
from db.tables import KeyRole

MAX_NAME = 100
PREFIX = 12
EVERY_APPLICATION = 0


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. ``secret`` is the key's whole text; only its hash is stored."""

    application_id: int
    prefix: str
    secret: str


def create_key(connection: Connection, command: CreateKey, now: datetime) -> CreatedKey:
    """Create a key. Raises Refused with NotFound for an unknown application, or with every rule that is broken."""
    if found := problems(command, now):
        raise Refused(*found)
    if command.application_id is not None:
        load_rules(connection, command.application_id)
    application_id = command.application_id or EVERY_APPLICATION
    prefix = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PREFIX))
    secret = f"ck_{application_id}_{prefix}_{secrets.token_hex(32)}"
    connection.execute(
        insert(API_KEY).values(
            application_id=application_id,
            prefix=prefix,
            name=command.name,
            role=KeyRole(command.role),
            secret_hash=sha256(secret.encode()).digest(),
            created=truncate_to_millisecond(now),
            expires=truncate_to_millisecond(command.expires) if command.expires else None,
        )
    )
    return CreatedKey(application_id, prefix, secret)


def problems(command: CreateKey, now: datetime) -> list[Refusal]:
    """Return a refusal for each rule that the command breaks."""
    found: list[Refusal] = [*text.problems(command.name, ("name",), min_length=1, max_length=MAX_NAME)]
    if command.role == KeyRole.ADMIN and command.application_id is not None:
        found.append(InvalidInput(path=("applicationId",), problem="An ADMIN key belongs to no application."))
    if command.role != KeyRole.ADMIN and command.application_id is None:
        problem = f"A {KeyRole(command.role).name} key belongs to an application; name the application."
        found.append(InvalidInput(path=("applicationId",), problem=problem))
    if command.expires is not None and command.expires <= now:
        found.append(InvalidInput(path=("expires",), problem="Expected a time in the future."))
    return found
