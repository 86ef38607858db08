"""Checks and changes that coupons and referrals share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db.domain import text
from db.domain.commands import UNSET
from db.domain.errors import InvalidInput, NotFound, Refusal, Refused
from db.domain.promotions.campaign_state import edit_problems
from db.domain.promotions.code import CodeKind, requirement_problems, usage_limit_problems, window_problems
from db.domain.promotions.commands import CreateCode, UpdateCode
from db.domain.times import truncate_to_millisecond
from db.operations.outcome import WrittenRow
from db.repository.applications import load_rules
from db.repository.campaigns import load_campaign, raise_version
from db.repository.codes import lock_code, update_code

MAX_BATCH = 100
PATHS = {"recipient_id": "recipientProfileId", "advocate_id": "advocateProfileId", "friend_id": "friendProfileId"}


def new_codes(
    connection: Connection, command: CreateCode, kind: CodeKind, now: datetime, found: Sequence[Refusal], **columns: Any
) -> dict[str, Any]:
    """Return the columns that new codes of a command have in common.

    Raises Refused with NotFound, or with ``found`` and every other rule that is broken.
    """
    application_id = command.application_id
    load_rules(connection, application_id)
    campaign = load_campaign(connection, application_id, command.campaign_id, ("campaignId",))
    problems = [
        *requirement_problems(kind, campaign.requires),
        *(replace(each, path=("campaignId",)) for each in edit_problems(campaign.state)),
        *found,
        *field_problems(columns, command.starts, command.ends, command.usage_limit),
    ]
    if problems:
        raise Refused(*problems)
    return {
        "application_id": application_id,
        "kind": kind,
        "campaign_id": command.campaign_id,
        "starts": command.starts,
        "ends": command.ends,
        "usage_limit": command.usage_limit,
        "created": truncate_to_millisecond(now),
        **columns,
    }


def change_code(connection: Connection, command: UpdateCode, kind: CodeKind, **columns: Any) -> WrittenRow:
    """Change the given columns of a code. Raises Refused with NotFound, or with every rule that is broken."""
    application_id, code_id = command.application_id, command.code_id
    load_rules(connection, application_id)
    row = lock_code(connection, application_id, code_id, kind)
    if row is None:
        raise Refused(NotFound(path=("id",), what=f"{kind.value} with this ID"))
    given = {"starts": command.starts, "ends": command.ends, "usage_limit": command.usage_limit, **columns}
    new = {name: value for name, value in given.items() if value is not UNSET and value != getattr(row, name)}
    after = {**row._asdict(), **new}
    found = field_problems(after, after["starts"], after["ends"], after["usage_limit"])
    if found:
        raise Refused(*found)
    if new:
        raise_version(connection, application_id)
        update_code(connection, application_id, code_id, new)
    return WrittenRow(application_id, code_id)


def field_problems(
    columns: Mapping[str, Any], starts: datetime | None, ends: datetime | None, usage_limit: int | None
) -> Sequence[Refusal]:
    """Return the refusals of the fields that codes of both kinds have."""
    found = [*window_problems(starts, ends), *usage_limit_problems(usage_limit)]
    for name, path in PATHS.items():
        if columns.get(name) is not None:
            found.extend(text.key_problems(columns[name], (path,)))
    if columns.get("friend_id") is not None and columns["friend_id"] == columns.get("advocate_id"):
        problem = "Expected another customer than the advocate, who cannot use the referral."
        found.append(InvalidInput(path=("friendProfileId",), problem=problem))
    if columns.get("batch") is not None:
        found.extend(text.problems(columns["batch"], ("batch",), min_length=1, max_length=MAX_BATCH))
    return found
