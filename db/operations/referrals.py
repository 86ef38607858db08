"""Operations on referrals."""

import secrets
from datetime import datetime

from sqlalchemy import Connection

from db.domain.promotions.code import CodeKind, code_problems
from db.domain.promotions.code_pattern import CodePattern
from db.domain.promotions.commands import DEFAULT_PATTERN, CreateReferral, UpdateReferral
from db.operations.codes import change_code, new_codes
from db.operations.coupons import insert_one
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, WrittenRow
from db.repository.codes import insert_codes

KIND = CodeKind.REFERRAL
RANDOM = CodePattern.of(DEFAULT_PATTERN)


@idempotent(WrittenRow)
def create_referral(connection: Connection, actor: Actor, command: CreateReferral, now: datetime) -> WrittenRow:
    """Create a referral, with a random code if none is given. Raises Refused with every rule that is broken."""
    found = () if command.code is None else code_problems(command.code, ("code",))
    people = {"advocate_id": command.advocate_id, "friend_id": command.friend_id}
    shared = new_codes(connection, command, KIND, now, found, **people)
    if command.code is not None:
        return insert_one(connection, command.code, shared)
    while not (inserted := insert_codes(connection, [RANDOM.draw(0, 1, secrets.randbelow)], shared)):
        pass  # the code exists
    return WrittenRow(command.application_id, next(iter(inserted.values())))


@idempotent(WrittenRow)
def update_referral(connection: Connection, actor: Actor, command: UpdateReferral, now: datetime) -> WrittenRow:
    """Change a referral. Raises Refused with NotFound, or with every rule that is broken."""
    return change_code(connection, command, KIND, friend_id=command.friend_id)
