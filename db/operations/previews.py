"""Previews: a session that is evaluated and not stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from db.domain import session
from db.domain.commands import CreateSession, PreviewSession
from db.domain.errors import InvalidInput, Refused
from db.domain.promotions.record import Record, preview_record
from db.domain.session import CustomerSession
from db.domain.times import truncate_to_millisecond
from db.operations.evaluation import Evaluated, evaluate_only, evaluate_session
from db.operations.promotions import reserve_labels
from db.repository.active_campaigns import (
    ActiveCampaigns,
    StoredCampaign,
    active_campaigns,
    find_campaign,
    read_version,
)
from db.repository.applications import rules_for
from db.repository.line_ids import new_line_prefix
from db.repository.load import read_session
from db.repository.profiles import would_be_first_session

MAX_CAMPAIGNS = 1_000
NEW = "preview"  # the integration ID of a new session where none is given


def preview_session(connection: Connection, command: PreviewSession, now: datetime) -> Record:
    """Return a session with the discounts that it would get, and the outcome of each rule, as ``preview_record``.

    Nothing is stored or locked: it runs as a query. Raises Refused with every rule that the content breaks, with
    SessionNotEditable for a session that is no longer open, or with InvalidInput for a campaign that does not exist.
    """
    at = truncate_to_millisecond(now if command.at is None else command.at)
    evaluated = evaluate(connection, command, make_session(connection, command, at), at)
    return preview_record(evaluated.evaluation, evaluated.session.cart)


def make_session(connection: Connection, command: PreviewSession, at: datetime) -> CustomerSession:
    """Return the session that would be stored, before its evaluation."""
    application_id, content = command.application_id, command.content
    before = None
    if command.integration_id is not None:
        before = read_session(connection, application_id, command.integration_id)
    rules = rules_for(connection, application_id, content, before.cart if before else ())
    version = read_version(connection, application_id)
    rules = reserve_labels(connection, application_id, content, rules, version, before.discounts if before else {})
    if before is None:
        new = CreateSession(
            application_id=application_id, integration_id=command.integration_id or NEW, content=content
        )
        after = session.create(new, rules, at, new_line_prefix())
    else:
        after = session.update(before, content, rules, new_line_prefix())
    if before is None or before.profile_id != after.profile_id:
        after = replace(after, first_session=would_be_first_session(connection, after))
    return after


def evaluate(connection: Connection, command: PreviewSession, made: CustomerSession, at: datetime) -> Evaluated:
    """Evaluate the session with the campaigns of the command."""
    campaigns = active_campaigns(connection, command.application_id)
    if command.campaign_ids is None:
        return evaluate_session(connection, campaigns, made, at)
    return evaluate_only(connection, campaigns, find_campaigns(connection, campaigns, command.campaign_ids), made, at)


def find_campaigns(connection: Connection, campaigns: ActiveCampaigns, ids: Sequence[int]) -> list[StoredCampaign]:
    """Return the campaigns with these IDs. Raises Refused with InvalidInput for each that does not exist."""
    if len(ids) > MAX_CAMPAIGNS:
        problem = f"Expected at most {MAX_CAMPAIGNS} campaigns, got {len(ids)}."
        raise Refused(InvalidInput(path=("campaignIds",), problem=problem))
    chosen, missing = {}, []
    for index, campaign_id in enumerate(ids):
        found = find_campaign(connection, campaigns, campaign_id)
        if found is None:
            problem = "There is no such campaign in this application."
            missing.append(InvalidInput(path=("campaignIds", str(index)), problem=problem))
        else:
            chosen[campaign_id] = found
    if missing:
        raise Refused(*missing)
    return list(chosen.values())
