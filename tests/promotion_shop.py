"""Campaigns and codes of a shop, stored directly, and what its sessions are given."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from shop import Shop
from sqlalchemy import Connection, RowMapping, insert, select, update

from db.domain.promotions.campaign import Stacking, compile_campaign
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CampaignRequirement, CodeKind, normalize
from db.domain.promotions.limit import LimitMeasure
from db.domain.session import CustomerSession
from db.repository.applications import load_all_rules
from db.repository.core import (
    APPLICATION,
    CAMPAIGN,
    CAMPAIGN_LABEL,
    CAMPAIGN_LIMIT,
    CAMPAIGN_REVISION,
    CODE,
    LIMIT_COUNTER,
    POSTING,
    REDEMPTION,
)

Input = Mapping[str, Any]


def percent(percent: str, label: str = "rule", **fields: Any) -> Input:
    """Return a rule that takes off a percentage."""
    return {"label": label, "reward": {"percentOff": {"percent": percent}}, **fields}


def off(amount: str, label: str = "rule", **fields: Any) -> Input:
    """Return a rule that takes off an amount."""
    return {"label": label, "reward": {"amountOff": {"amount": amount}}, **fields}


def limit(measure: str, per: str, max_: str, **fields: Any) -> Input:
    """Return a limit."""
    return {"measure": measure, "per": per, "max": max_, **fields}


def add_campaign(
    shop: Shop, *rules: Input, name: str = "Spring", state: CampaignState = CampaignState.ACTIVE, **fields: Any
) -> int:
    """Store a campaign and return its ID."""
    content = {"name": name, "rules": list(rules), **fields}
    return shop.write(insert_campaign, shop.application_id, content, state, shop.now)


def insert_campaign(
    connection: Connection, application_id: int, content: Input, state: CampaignState, now: datetime
) -> int:
    """Insert the rows of a campaign."""
    key = {"application_id": application_id}
    rules = load_all_rules(connection, application_id)
    compiled = compile_campaign(content, rules.attributes, rules.minor_digits)
    columns = (CAMPAIGN.c.id, CAMPAIGN_LIMIT.c.id)
    campaign_id, limit_id = (1 + (max(connection.execute(select(each)).scalars(), default=0)) for each in columns)
    row = {
        "id": campaign_id,
        "name": compiled.name,
        "starts": compiled.starts,
        "ends": compiled.ends,
        "rank": compiled.rank,
        "stacking": Stacking(compiled.stacking),
        "best_of": compiled.best_of,
        "requires": CampaignRequirement(compiled.requires),
        "state": state,
        "revision": 1,
        "created": now,
        "updated": now,
    }
    connection.execute(insert(CAMPAIGN).values(**key, **row))
    revision = {"campaign_id": campaign_id, "revision": 1, "content": content, "created": now}
    connection.execute(insert(CAMPAIGN_REVISION).values(**key, **revision))
    for rule in compiled.rules:
        connection.execute(insert(CAMPAIGN_LABEL).values(**key, label=rule.label, campaign_id=campaign_id))
    for position, each in enumerate(compiled.limits):
        digits = 0 if each.measure is LimitMeasure.USES else rules.minor_digits
        values = {
            "id": limit_id + position,
            "campaign_id": campaign_id,
            "measure": each.measure,
            "per": each.per,
            "period": each.period,
            "position": position,
            "max": Decimal(each.max).scaleb(-digits),
            "when_short": each.when_short,
        }
        connection.execute(insert(CAMPAIGN_LIMIT).values(**key, **values))
    raise_version(connection, application_id)
    return campaign_id


def set_state(shop: Shop, campaign_id: int, state: CampaignState) -> None:
    """Change the state of a campaign."""

    def change(connection: Connection) -> None:
        connection.execute(
            update(CAMPAIGN).filter_by(application_id=shop.application_id, id=campaign_id).values(state=state)
        )
        raise_version(connection, shop.application_id)

    shop.write(change)


def raise_version(connection: Connection, application_id: int) -> None:
    """Make each process read the campaigns again."""
    version = APPLICATION.c.campaigns_version
    connection.execute(update(APPLICATION).filter_by(application_id=application_id).values({version: version + 1}))


def add_code(shop: Shop, campaign_id: int, code: str, kind: CodeKind = CodeKind.COUPON, **fields: Any) -> int:
    """Store a code and return its ID."""

    def change(connection: Connection) -> int:
        code_id = 1 + max(connection.execute(select(CODE.c.id)).scalars(), default=0)
        row = {"id": code_id, "kind": kind, "code": code, "normalized": normalize(code), "campaign_id": campaign_id}
        connection.execute(
            insert(CODE).values(application_id=shop.application_id, used=0, created=shop.now, **row, **fields)
        )
        return code_id

    return shop.write(change)


def given(session: CustomerSession) -> dict[str, str]:
    """Return the amounts of a session's discounts by label."""
    return {label: f"{amount:.2f}" for label, amount in session.discounts_by_label.items()}


def counters(shop: Shop) -> dict[tuple[int, str, str], str]:
    """Return all counters of a shop: by limit, subject and start of the period."""
    rows = read(shop, LIMIT_COUNTER)
    return {(row["limit_id"], row["subject"], row["starts"]): f"{row['used']:.2f}" for row in rows}


def redemptions(shop: Shop) -> Sequence[RowMapping]:
    """Return the redemptions of a shop."""
    return read(shop, REDEMPTION)


def postings(shop: Shop) -> dict[tuple[int, int, str], str]:
    """Return the postings of a shop: by session, limit and subject."""
    return {(row["session_id"], row["limit_id"], row["subject"]): f"{row['amount']:.2f}" for row in read(shop, POSTING)}


def uses(shop: Shop) -> dict[str, int]:
    """Return the uses of each code."""
    return {row["code"]: row["used"] for row in read(shop, CODE)}


def read(shop: Shop, table: Any) -> Sequence[RowMapping]:
    """Return the rows of a shop in a table."""
    statement = select(table).filter_by(application_id=shop.application_id)

    def select_rows(connection: Connection) -> Sequence[RowMapping]:
        return connection.execute(statement).mappings().all()

    return shop.query(select_rows)
