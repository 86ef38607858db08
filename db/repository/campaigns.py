"""Campaigns: their rows, and the version by which processes see that they have changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from db.domain.errors import NotFound, Refused
from db.domain.money import from_units
from db.domain.promotions.campaign import Campaign
from db.domain.promotions.campaign_state import LABELS_RESERVED, CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.limit import Limit, LimitMeasure
from db.repository.active_campaigns import forget_version
from db.repository.applications import unknown_application
from db.repository.core import (
    APPLICATION,
    CAMPAIGN,
    CAMPAIGN_LABEL,
    CAMPAIGN_LIMIT,
    CAMPAIGN_REVISION,
    InList,
    TextList,
)
from db.repository.ids import next_ids

REPEATED = (
    "name",
    "starts",
    "ends",
    "rank",
    "stacking",
    "best_of",
    "requires",
)  # parts of the content that are columns
IDENTITY = ("measure", "per", "period")  # of a limit

RAISE_VERSION = (
    update(APPLICATION)
    .where(APPLICATION.c.application_id == bindparam("of_application"))
    .values(campaigns_version=APPLICATION.c.campaigns_version + 1)
    .returning(APPLICATION.c.campaigns_version)
)
SELECT_CAMPAIGN = (
    select(CAMPAIGN.c.name, CAMPAIGN.c.state, CAMPAIGN.c.requires, CAMPAIGN.c.revision, CAMPAIGN_REVISION.c.content)
    .join(
        CAMPAIGN_REVISION,
        and_(
            CAMPAIGN_REVISION.c.application_id == CAMPAIGN.c.application_id,
            CAMPAIGN_REVISION.c.campaign_id == CAMPAIGN.c.id,
            CAMPAIGN_REVISION.c.revision == CAMPAIGN.c.revision,
        ),
    )
    .where(CAMPAIGN.c.application_id == bindparam("application_id"), CAMPAIGN.c.id == bindparam("campaign_id"))
)
SELECT_RESERVED = (
    select(CAMPAIGN_LABEL.c.label, CAMPAIGN.c.name)
    .join(
        CAMPAIGN,
        and_(
            CAMPAIGN.c.application_id == CAMPAIGN_LABEL.c.application_id, CAMPAIGN.c.id == CAMPAIGN_LABEL.c.campaign_id
        ),
    )
    .where(
        CAMPAIGN_LABEL.c.application_id == bindparam("application_id"),
        InList(CAMPAIGN_LABEL.c.label, bindparam("labels", type_=TextList())),
        CAMPAIGN_LABEL.c.campaign_id != bindparam("campaign_id"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCampaign:
    """The newest revision of a campaign, with its content as it is stored."""

    name: str
    state: CampaignState
    requires: CampaignRequirement
    revision: int
    content: Mapping[str, Any]


def raise_version(connection: Connection, application_id: int) -> None:
    """Raise the campaigns version, so that all processes read campaigns again. Other changes wait for this transaction.

    Raises Refused with NotFound for an unknown application.
    """
    if connection.execute(RAISE_VERSION, {"of_application": application_id}).first() is None:
        raise unknown_application(application_id)
    forget_version(connection, application_id)  # a later change of this transaction is not repeated


def load_campaign(
    connection: Connection, application_id: int, campaign_id: int, path: tuple[str, ...]
) -> StoredCampaign:
    """Return a campaign. Raises Refused with NotFound, whose path is that of the ID in the input."""
    names = {"application_id": application_id, "campaign_id": campaign_id}
    row = connection.execute(SELECT_CAMPAIGN, names).mappings().first()
    if row is None:
        raise Refused(NotFound(path=path, what="campaign with this ID"))
    return StoredCampaign(**row)


def name_is_taken(connection: Connection, application_id: int, name: str, campaign_id: int = 0) -> bool:
    """Return whether a campaign other than ``campaign_id`` has a name."""
    found = select(CAMPAIGN.c.id).filter_by(application_id=application_id, name=name)
    return connection.execute(found.where(CAMPAIGN.c.id != campaign_id)).first() is not None


def reserved_labels(
    connection: Connection, application_id: int, labels: Sequence[str], campaign_id: int = 0
) -> Mapping[str, str]:
    """Return those of the labels that other ACTIVE and PAUSED campaigns have, with the names of the campaigns."""
    names = {"application_id": application_id, "labels": labels, "campaign_id": campaign_id}
    return {row.label: row.name for row in connection.execute(SELECT_RESERVED, names)}


def insert_campaign(
    connection: Connection,
    application_id: int,
    compiled: Campaign,
    content: Mapping[str, Any],
    state: CampaignState,
    now: datetime,
) -> None:
    """Store the row of a new campaign."""
    key = {"application_id": application_id, "id": compiled.id}
    times = {"created": now, "updated": now}
    values = {**content_columns(compiled, content), **key, **times, "state": state, "revision": compiled.revision}
    connection.execute(insert(CAMPAIGN).values(values))


def insert_revision(
    connection: Connection,
    application_id: int,
    compiled: Campaign,
    content: Mapping[str, Any],
    minor_digits: int,
    now: datetime,
) -> None:
    """Store a new revision of a campaign, with its limits."""
    key = {"application_id": application_id, "campaign_id": compiled.id, "revision": compiled.revision}
    connection.execute(insert(CAMPAIGN_REVISION).values(**key, content=content, created=now))
    store_limits(connection, application_id, compiled.id, compiled.limits, minor_digits)


def update_campaign(connection: Connection, application_id: int, campaign_id: int, **columns: Any) -> None:
    """Change columns of a campaign."""
    connection.execute(update(CAMPAIGN).filter_by(application_id=application_id, id=campaign_id).values(columns))


def content_columns(compiled: Campaign, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a campaign that repeat parts of its content."""
    return {**{name: getattr(compiled, name) for name in REPEATED}, "notes": content.get("notes")}


def store_labels(connection: Connection, application_id: int, compiled: Campaign, state: CampaignState) -> None:
    """Reserve the labels of an ACTIVE or PAUSED campaign, and no others."""
    key = {"application_id": application_id, "campaign_id": compiled.id}
    connection.execute(delete(CAMPAIGN_LABEL).filter_by(**key))
    if state in LABELS_RESERVED and compiled.rules:
        connection.execute(insert(CAMPAIGN_LABEL), [{**key, "label": rule.label} for rule in compiled.rules])


def store_limits(
    connection: Connection, application_id: int, campaign_id: int, limits: Sequence[Limit], minor_digits: int
) -> None:
    """Store the limits of a revision. Limits of earlier ones keep their rows and counters, without a position."""
    key = {"application_id": application_id, "campaign_id": campaign_id}
    known = {
        (row.measure, row.per, row.period): row.id
        for row in connection.execute(select(CAMPAIGN_LIMIT).filter_by(**key))
    }
    connection.execute(update(CAMPAIGN_LIMIT).filter_by(**key).values(position=None))
    for position, limit in enumerate(limits):
        digits = 0 if limit.measure is LimitMeasure.USES else minor_digits
        values = {"position": position, "max": from_units(limit.max, digits), "when_short": limit.when_short}
        identity = {name: getattr(limit, name) for name in IDENTITY}
        if limit_id := known.get(tuple(identity.values())):
            row = update(CAMPAIGN_LIMIT).filter_by(application_id=application_id, id=limit_id)
            connection.execute(row.values(values))
        else:
            (limit_id,) = next_ids(connection, CAMPAIGN_LIMIT, application_id)
            connection.execute(insert(CAMPAIGN_LIMIT).values(**key, **identity, **values, id=limit_id))
