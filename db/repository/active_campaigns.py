"""The campaigns of an application, compiled and cached in the process by the application's campaigns version.

The statement that reads a session also reads the version. For a new session, it is the newest version that this process
has read. The statement that stores a new session, and on PostgreSQL also the one that stores a change, requires that
the application still has the version. This takes no further statement.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, bindparam, cast, select

from db.domain.content import Rules
from db.domain.promotions.campaign import Campaign, compile_campaign
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement
from db.domain.promotions.facts import EvaluationSettings
from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject
from db.engine.cache import Cache
from db.engine.statements import AutocommitStatement
from db.repository.applications import load_all_rules, unknown_application
from db.repository.core import (
    APPLICATION,
    CAMPAIGN,
    CAMPAIGN_LABEL,
    CAMPAIGN_LIMIT,
    CAMPAIGN_REVISION,
    InList,
    TextList,
)

MAX_CACHED = 1_000  # compiled applications
MAX_VERSIONS = 100_000
MAX_WITH_CODE = 1_000  # compiled campaigns of an application that require a code

Identity = tuple[LimitMeasure, LimitSubject, LimitPeriod]


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    """The newest revision of a campaign, compiled, with the IDs of its limits."""

    campaign: Campaign
    limit_ids: Mapping[Identity, int]


@dataclass(slots=True)
class ActiveCampaigns:
    """The campaigns of an application at one version. ``without_code`` are all ACTIVE ones that require no code.

    Campaigns with codes are found by their codes; those that were used are cached by ID and revision.
    """

    application_id: int
    version: int
    settings: EvaluationSettings
    without_code: Sequence[StoredCampaign] = ()
    with_code: dict[tuple[int, int], StoredCampaign] = field(default_factory=dict)


CACHE = Cache[ActiveCampaigns]()
VERSIONS = Cache[int]()  # the newest that was read

OF_APPLICATION: ColumnElement[bool] = APPLICATION.c.application_id == bindparam("application_id")
SELECT_VERSION = AutocommitStatement(select(APPLICATION.c.campaigns_version).where(OF_APPLICATION))
SELECT_TIME_ZONE = AutocommitStatement(select(APPLICATION.c.time_zone).where(OF_APPLICATION))


def select_campaigns(condition: ColumnElement[bool]) -> Select[Any]:
    """Return the statement that reads the newest revision of some campaigns."""
    return (
        select(CAMPAIGN.c.id, CAMPAIGN.c.revision, cast(CAMPAIGN_REVISION.c.content, Text).label("content"))
        .join(
            CAMPAIGN_REVISION,
            and_(
                CAMPAIGN_REVISION.c.application_id == CAMPAIGN.c.application_id,
                CAMPAIGN_REVISION.c.campaign_id == CAMPAIGN.c.id,
                CAMPAIGN_REVISION.c.revision == CAMPAIGN.c.revision,
            ),
        )
        .where(CAMPAIGN.c.application_id == bindparam("application_id"), condition)
        .order_by(CAMPAIGN.c.rank, CAMPAIGN.c.id)
    )


SELECT_WITHOUT_CODE = AutocommitStatement(
    select_campaigns(and_(CAMPAIGN.c.state == CampaignState.ACTIVE, CAMPAIGN.c.requires == CampaignRequirement.NOTHING))
)
SELECT_CAMPAIGN = AutocommitStatement(select_campaigns(CAMPAIGN.c.id == bindparam("campaign_id")))
SELECT_LIMITS = AutocommitStatement(
    select(CAMPAIGN_LIMIT.c.id, CAMPAIGN_LIMIT.c.measure, CAMPAIGN_LIMIT.c.per, CAMPAIGN_LIMIT.c.period).where(
        CAMPAIGN_LIMIT.c.application_id == bindparam("application_id"),
        CAMPAIGN_LIMIT.c.campaign_id == bindparam("campaign_id"),
    )
)
SELECT_ACTIVE_LABELS = AutocommitStatement(
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
        CAMPAIGN.c.state == CampaignState.ACTIVE,
    )
)


def note_version(connection: Connection, application_id: int, version: int) -> None:
    """Store a campaigns version that a change has read."""
    versions = VERSIONS.setdefault(connection.dialect, {})
    if len(versions) >= MAX_VERSIONS:
        versions.clear()
    versions[application_id] = version


def forget_version(connection: Connection, application_id: int) -> None:
    """Read the version again with the next change, since an outdated one may have failed this change."""
    VERSIONS.get(connection.dialect, {}).pop(application_id, None)


def noted_version(connection: Connection, application_id: int) -> int:
    """Return the campaigns version, which is 0 for an application that never had campaigns.

    It was read with the session of this change. On PostgreSQL it may be outdated, and the statement that stores the
    change has to check it. Raises Refused with NotFound.
    """
    version = VERSIONS.get(connection.dialect, {}).get(application_id)
    if version is None:
        version = read_version(connection, application_id)
        note_version(connection, application_id, version)
    return version


def version_for_new(connection: Connection, application_id: int, *, closed: bool) -> int:
    """Return the campaigns version for a new session. Raises Refused with NotFound.

    It may be outdated, and the statement that stores the session has to check it. A refusal is not checked: so SQLite,
    where another process may have changed the version, reads it if a campaign can refuse the session.
    """
    version = noted_version(connection, application_id)
    if connection.dialect.name == "postgresql" or not (version or closed):
        return version
    version = read_version(connection, application_id)
    note_version(connection, application_id, version)
    return version


def read_version(connection: Connection, application_id: int) -> int:
    """Read the campaigns version of an application. Raises Refused with NotFound."""
    row = SELECT_VERSION.first(connection, {"application_id": application_id})
    if row is None:
        raise unknown_application(application_id)
    version: int = row.campaigns_version
    return version


def active_campaigns(connection: Connection, application_id: int, version: int | None = None) -> ActiveCampaigns:
    """Return the campaigns of an application at its newest version, which is read if it is not given.

    Raises Refused with NotFound.
    """
    if version is None:
        version = read_version(connection, application_id)
    if version == 0:  # a preview; nothing raises the version of an application without campaigns
        return load_campaigns(connection, application_id, version, None)
    cached = CACHE.setdefault(connection.dialect, {})
    found = cached.get(application_id)
    if found is None or found.version != version:
        found = load_campaigns(connection, application_id, version, found)
        if len(cached) >= MAX_CACHED:
            cached.clear()
        cached[application_id] = found
    return found


def load_campaigns(
    connection: Connection, application_id: int, version: int, before: ActiveCampaigns | None
) -> ActiveCampaigns:
    """Read and compile the campaigns. Revisions that were compiled ``before`` are used again."""
    names = {"application_id": application_id}
    rules = load_all_rules(connection, application_id)
    time_zone = ZoneInfo(SELECT_TIME_ZONE.first(connection, names).time_zone)
    known = {} if before is None else {key_of(each): each for each in before.without_code} | before.with_code
    without_code = [
        known.get((row.id, row.revision)) or compile_row(connection, application_id, row, rules)
        for row in SELECT_WITHOUT_CODE.rows(connection, names)
    ]
    settings = EvaluationSettings(minor_digits=rules.minor_digits, rounding=rules.rounding, time_zone=time_zone)
    return ActiveCampaigns(application_id, version, settings, without_code, {} if before is None else before.with_code)


def find_campaign(
    connection: Connection, campaigns: ActiveCampaigns, campaign_id: int, revision: int | None = None
) -> StoredCampaign | None:
    """Return the newest revision of a campaign in any state, or None where there is none.

    It is read, unless ``revision`` is the newest one and is cached.
    """
    cached = campaigns.with_code
    if revision is not None and (found := cached.get((campaign_id, revision))):
        return found
    application_id = campaigns.application_id
    row = SELECT_CAMPAIGN.first(connection, {"application_id": application_id, "campaign_id": campaign_id})
    if row is None:
        return None
    if (found := cached.get((row.id, row.revision))) is None:
        if len(cached) >= MAX_WITH_CODE:
            cached.clear()
        found = compile_row(connection, application_id, row, load_all_rules(connection, application_id))
        cached[key_of(found)] = found
    return found


def key_of(stored: StoredCampaign) -> tuple[int, int]:
    """Return the ID and the revision of a campaign."""
    return stored.campaign.id, stored.campaign.revision


def compile_row(connection: Connection, application_id: int, row: Any, rules: Rules) -> StoredCampaign:
    """Compile a stored revision."""
    content = json.loads(row.content, parse_float=Decimal)
    campaign = compile_campaign(
        content, rules.attributes, rules.minor_digits, campaign_id=row.id, revision=row.revision
    )
    limit_ids: Mapping[Identity, int] = {}
    if campaign.limits:
        names = {"application_id": application_id, "campaign_id": row.id}
        limit_ids = {
            (limit.measure, limit.per, limit.period): limit.id for limit in SELECT_LIMITS.rows(connection, names)
        }
    return StoredCampaign(campaign, limit_ids)


def active_labels(connection: Connection, application_id: int, labels: Sequence[str]) -> Mapping[str, str]:
    """Return those of the labels that rules of ACTIVE campaigns have, with the names of the campaigns."""
    names = {"application_id": application_id, "labels": labels}
    return {row.label: row.name for row in SELECT_ACTIVE_LABELS.rows(connection, names)}
