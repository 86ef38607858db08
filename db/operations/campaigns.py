"""Operations on campaigns. Changes of one application's campaigns wait for each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db.domain.errors import AlreadyExists, Refusal, Refused, RevisionConflict, quote
from db.domain.promotions.campaign import DEFAULT_RANK, FIELDS, Campaign, compile_campaign
from db.domain.promotions.campaign_state import (
    INITIAL,
    LABELS_RESERVED,
    CampaignState,
    edit_problems,
    transition_problems,
)
from db.domain.promotions.commands import CreateCampaign, UpdateCampaign
from db.domain.promotions.rule import label_problems
from db.domain.times import truncate_to_millisecond
from db.operations.idempotent import idempotent
from db.operations.outcome import Actor, WrittenRow
from db.repository.applications import load_all_rules
from db.repository.campaigns import (
    StoredCampaign,
    content_columns,
    insert_campaign,
    insert_revision,
    load_campaign,
    name_is_taken,
    raise_version,
    reserved_labels,
    store_labels,
)
from db.repository.campaigns import (
    update_campaign as update_columns,
)
from db.repository.core import CAMPAIGN
from db.repository.ids import next_ids

DEFAULTS: Mapping[str, Any] = {"rank": DEFAULT_RANK, "stacking": "STACK", "requires": "NOTHING", "limits": []}
CLEARABLE = frozenset({"notes", "starts", "ends", "bestOf"})


@idempotent(WrittenRow)
def create_campaign(connection: Connection, actor: Actor, command: CreateCampaign, now: datetime) -> WrittenRow:
    """Create a campaign, DRAFT or ACTIVE. Raises Refused with every rule that its content breaks."""
    application_id, at = command.application_id, truncate_to_millisecond(now)
    assert command.state in INITIAL
    raise_version(connection, application_id)
    rules = load_all_rules(connection, application_id)
    content = in_order({**DEFAULTS, **command.content})
    compiled = compile_campaign(content, rules.attributes, rules.minor_digits)
    refuse_conflicts(connection, application_id, compiled, command.state, ("rules",))
    (campaign_id,) = next_ids(connection, CAMPAIGN, application_id)
    compiled = replace(compiled, id=campaign_id)
    insert_campaign(connection, application_id, compiled, content, command.state, at)
    insert_revision(connection, application_id, compiled, content, rules.minor_digits, at)
    store_labels(connection, application_id, compiled, command.state)
    return WrittenRow(application_id, campaign_id)


@idempotent(WrittenRow)
def update_campaign(connection: Connection, actor: Actor, command: UpdateCampaign, now: datetime) -> WrittenRow:
    """Change the content or the state of a campaign. Content that differs makes a new revision.

    Raises Refused with NotFound, RevisionConflict, or every rule that is broken.
    """
    application_id, campaign_id, at = command.application_id, command.campaign_id, truncate_to_millisecond(now)
    raise_version(connection, application_id)
    before = load_campaign(connection, application_id, campaign_id, ("id",))
    check_revision(before, command.expected_revision)
    content, state = changed_content(before.content, command.changes), command.state or before.state
    is_new_revision = content != before.content
    found = [*transition_problems(before.state, state)]
    if command.changes:
        found.extend(edit_problems(before.state))
    if found:
        raise Refused(*found)
    if not is_new_revision and state is before.state:
        return WrittenRow(application_id, campaign_id)
    rules = load_all_rules(connection, application_id)
    revision = before.revision + is_new_revision
    compiled = compile_campaign(
        content, rules.attributes, rules.minor_digits, campaign_id=campaign_id, revision=revision
    )
    labels_from = ("rules",) if "rules" in command.changes else ("state",)
    refuse_conflicts(connection, application_id, compiled, state, labels_from)
    columns = content_columns(compiled, content) | {"state": state, "revision": revision, "updated": at}
    update_columns(connection, application_id, campaign_id, **columns)
    if is_new_revision:
        insert_revision(connection, application_id, compiled, content, rules.minor_digits, at)
    store_labels(connection, application_id, compiled, state)
    return WrittenRow(application_id, campaign_id)


def in_order(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return content with its fields in the order of the input, and without those that are null."""
    fields = [*(name for name in FIELDS if name in content), *(name for name in content if name not in FIELDS)]
    return {name: content[name] for name in fields if content[name] is not None}


def changed_content(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return content with some fields changed. Null clears a field that can be null, and leaves any other."""
    given = {name: value for name, value in changes.items() if value is not None or name in CLEARABLE}
    return in_order({**before, **given})


def check_revision(campaign: StoredCampaign, expected: int | None) -> None:
    """Raise Refused with RevisionConflict if the caller expects another revision."""
    if expected is not None and expected != campaign.revision:
        raise Refused(RevisionConflict(expected_revision=expected, actual_revision=campaign.revision))


def refuse_conflicts(
    connection: Connection,
    application_id: int,
    campaign: Campaign,
    state: CampaignState,
    labels_from: tuple[str, ...],
) -> None:
    """Raise Refused if another campaign has the name, or a label that this one would reserve.

    ``labels_from`` is the field of the input that brings the labels: the rules, or the state.
    """
    found: list[Refusal] = []
    if name_is_taken(connection, application_id, campaign.name, campaign.id):
        found.append(AlreadyExists(path=("name",), what=f"a campaign {quote(campaign.name)}"))
    if state in LABELS_RESERVED:
        labels = [rule.label for rule in campaign.rules]
        reserved = reserved_labels(connection, application_id, labels, campaign.id)
        problems: Sequence[Refusal] = label_problems(labels, reserved)
        found.extend(each if labels_from == ("rules",) else replace(each, path=labels_from) for each in problems)
    if found:
        raise Refused(*found)
