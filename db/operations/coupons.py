"""Operations on coupons: one at a time, or a batch."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db.domain import text
from db.domain.errors import AlreadyExists, InvalidInput, NotFound, Refusal, Refused, quote
from db.domain.promotions.code import CodeKind, code_problems, normalize
from db.domain.promotions.code_pattern import PLACEHOLDER, CodePattern, pattern_problems
from db.domain.promotions.commands import (
    MAX_GENERATED,
    MAX_IMPORTED,
    CreateCoupon,
    EndCoupons,
    GenerateCoupons,
    ImportCoupons,
    UpdateCoupon,
)
from db.domain.times import truncate_to_millisecond
from db.operations.codes import MAX_BATCH, change_code, new_codes
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, CodeCount, GeneratedCodes, WrittenRow
from db.repository.applications import load_rules
from db.repository.campaigns import load_campaign, raise_version
from db.repository.codes import describe_batch, end_batch, insert_codes

KIND = CodeKind.COUPON
MAX_DRAWS = 100  # of a code: so many fail by chance only where nearly all codes exist


@idempotent(WrittenRow)
def create_coupon(connection: Connection, actor: Actor, command: CreateCoupon, now: datetime) -> WrittenRow:
    """Create a coupon. Raises Refused with AlreadyExists for a code that differs from another in case alone."""
    found = code_problems(command.code, ("code",))
    shared = new_codes(connection, command, KIND, now, found, recipient_id=command.recipient_id)
    return insert_one(connection, command.code, shared)


def insert_one(connection: Connection, code: str, shared: Mapping[str, Any]) -> WrittenRow:
    """Insert one code. Raises Refused with AlreadyExists."""
    inserted = insert_codes(connection, [code], shared)
    if not inserted:
        raise Refused(already_exists(shared["kind"], code, ("code",)))
    return WrittenRow(shared["application_id"], next(iter(inserted.values())))


def already_exists(kind: CodeKind, code: str, path: tuple[str, ...]) -> AlreadyExists:
    """Return the refusal of a code that exists, in upper or lower case."""
    return AlreadyExists(path=path, what=f"a {kind.value} {quote(code.strip().upper())}; case and blanks do not count")


@idempotent(WrittenRow)
def update_coupon(connection: Connection, actor: Actor, command: UpdateCoupon, now: datetime) -> WrittenRow:
    """Change a coupon. Raises Refused with NotFound, or with every rule that is broken."""
    return change_code(connection, command, KIND, recipient_id=command.recipient_id)


@idempotent(GeneratedCodes)
def generate_coupons(connection: Connection, actor: Actor, command: GenerateCoupons, now: datetime) -> GeneratedCodes:
    """Create coupons with random codes. Raises Refused with every rule that is broken."""
    found = count_problems(command.count, ("count",), MAX_GENERATED) or pattern_problems(
        command.pattern, command.characters, command.count
    )
    shared = new_codes(connection, command, KIND, now, found, batch=command.batch)
    pattern = CodePattern.of(command.pattern, command.characters)
    codes = insert_random(connection, pattern, range(command.count), command.count, shared)
    return GeneratedCodes(command.application_id, command.batch, codes)


def insert_random(
    connection: Connection, pattern: CodePattern, parts: Sequence[int], of: int, shared: Mapping[str, Any]
) -> list[str]:
    """Insert one random code from each of some of the equal parts of a key space. Return the codes in order.

    A code that exists is drawn again. Raises Refused with InvalidInput where MAX_DRAWS find no code that is free.
    """
    codes: dict[int, str] = {}
    missing = [*parts]
    for _ in range(MAX_DRAWS):
        codes |= {part: pattern.draw(part, of, secrets.randbelow) for part in missing}
        inserted = insert_codes(connection, [codes[part] for part in missing], shared)
        missing = [part for part in missing if normalize(codes[part]) not in inserted]
        if not missing:
            return [*codes.values()]
    problem = f"Nearly all possible codes of this pattern exist already. Add a {PLACEHOLDER}."
    raise Refused(InvalidInput(path=("pattern",), problem=problem))


@idempotent(CodeCount)
def import_coupons(connection: Connection, actor: Actor, command: ImportCoupons, now: datetime) -> CodeCount:
    """Create coupons with given codes: all of them, or none if one is refused."""
    found = count_problems(len(command.codes), ("codes",), MAX_IMPORTED) or [*listed_problems(command.codes)]
    shared = new_codes(connection, command, KIND, now, found, batch=command.batch)
    inserted = insert_codes(connection, command.codes, shared)
    if len(inserted) < len(command.codes):
        raise Refused(
            *(
                already_exists(KIND, code, ("codes", str(index)))
                for index, code in enumerate(command.codes)
                if normalize(code) not in inserted
            )
        )
    return CodeCount(command.application_id, len(inserted))


def count_problems(count: int, path: tuple[str, ...], maximum: int) -> Sequence[Refusal]:
    """Return the refusal of a number of codes."""
    if 1 <= count <= maximum:
        return ()
    return [InvalidInput(path=path, problem=f"Expected 1 to {maximum} codes, got {count}.")]


def listed_problems(codes: Sequence[str]) -> Iterator[Refusal]:
    """Yield a refusal for each code that cannot be one, or that is listed twice."""
    known: dict[str | None, int] = {}
    for index, code in enumerate(codes):
        path = ("codes", str(index))
        if found := code_problems(code, path):
            yield from found
        elif (first := known.setdefault(normalize(code), index)) != index:
            yield InvalidInput(path=path, problem=f"{quote(code)} is the same code as number {first}.")


@idempotent(CodeCount)
def end_coupons(connection: Connection, actor: Actor, command: EndCoupons, now: datetime) -> CodeCount:
    """End all coupons of a batch now. Raises Refused with NotFound for an unknown campaign or batch."""
    application_id, campaign_id = command.application_id, command.campaign_id
    load_rules(connection, application_id)
    load_campaign(connection, application_id, campaign_id, ("campaignId",))
    if found := [*text.problems(command.batch, ("batch",), min_length=1, max_length=MAX_BATCH)]:
        raise Refused(*found)
    if not describe_batch(connection, application_id, campaign_id, command.batch).size:
        raise Refused(NotFound(path=("batch",), what=f"batch {quote(command.batch)} in this campaign"))
    ended = end_batch(connection, application_id, campaign_id, command.batch, truncate_to_millisecond(now))
    if ended:  # after the codes are locked, as by an update of one
        raise_version(connection, application_id)
    return CodeCount(application_id, ended)
