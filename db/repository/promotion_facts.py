"""The facts that an evaluation reads: the session's codes and its profile."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, select, union_all

from db.domain.promotions.code import Code, CodeKind, normalize
from db.domain.promotions.facts import ProfileFacts
from db.domain.session import CustomerSession
from db.engine.statements import AutocommitStatement, Statement
from db.repository.core import CAMPAIGN, CODE, PROFILE
from db.repository.profiles import total_sales

CODE_COLUMNS = (
    *("id", "kind", "code", "campaign_id", "starts", "ends", "usage_limit", "used"),
    *("recipient_id", "advocate_id", "friend_id"),
)
NORMALIZED = CODE.c.normalized.type
BY_KEY = union_all(  # with OR, SQLite would read all codes of the application
    *(
        select(*(CODE.c[name] for name in CODE_COLUMNS)).where(
            CODE.c.application_id == bindparam("application_id"),
            CODE.c.kind == kind,
            CODE.c.normalized == bindparam(kind.value, type_=NORMALIZED),
        )
        for kind in CodeKind
    )
).subquery("code")
SELECT_CODES = AutocommitStatement(
    select(BY_KEY, CAMPAIGN.c.state, CAMPAIGN.c.revision).join(
        CAMPAIGN,
        and_(CAMPAIGN.c.application_id == bindparam("application_id"), CAMPAIGN.c.id == BY_KEY.c.campaign_id),
    )
)
SELECT_PROFILE = select(
    PROFILE.c.attributes, PROFILE.c.closed_sessions, PROFILE.c.sales_whole, PROFILE.c.sales_fraction
).where(
    PROFILE.c.application_id == bindparam("application_id"), PROFILE.c.integration_id == bindparam("integration_id")
)
READ_PROFILE = AutocommitStatement(SELECT_PROFILE)
LOCK_PROFILE = Statement(SELECT_PROFILE.with_for_update())


class FoundCode(NamedTuple):
    """A code with the newest revision of its campaign."""

    code: Code
    revision: int


def find_codes(connection: Connection, session: CustomerSession) -> Mapping[CodeKind, FoundCode]:
    """Return the codes that a session's coupon and referral stand for."""
    if session.coupon is None and session.referral is None:
        return {}
    entered = {CodeKind.COUPON: session.coupon, CodeKind.REFERRAL: session.referral}
    normalized = {kind.value: normalize(text) if text else None for kind, text in entered.items()}
    if not any(normalized.values()):
        return {}
    names = {"application_id": session.application_id, **normalized}
    return {row.kind: FoundCode(to_code(row), row.revision) for row in SELECT_CODES.rows(connection, names)}


def to_code(row: Any) -> Code:
    """Return the code of a row."""
    return Code(
        kind=row.kind,
        code=row.code,
        campaign_id=row.campaign_id,
        id=row.id,
        campaign_state=row.state,
        starts=row.starts,
        ends=row.ends,
        usage_limit=row.usage_limit,
        used=row.used,
        recipient=row.recipient_id,
        advocate=row.advocate_id,
        friend=row.friend_id,
    )


def read_profile(connection: Connection, session: CustomerSession, *, lock: bool = False) -> ProfileFacts | None:
    """Return the facts of a session's profile, or None for a guest. With ``lock``, its row is locked first."""
    if session.profile_id is None:
        return None
    names = {"application_id": session.application_id, "integration_id": session.profile_id}
    row = (LOCK_PROFILE if lock else READ_PROFILE).first(connection, names)
    if row is None:  # in a preview, or on PostgreSQL until the statement that stores the session
        return ProfileFacts(id=session.profile_id)
    return ProfileFacts(
        id=session.profile_id,
        closed_sessions=row.closed_sessions,
        total_sales=total_sales(row.sales_whole, row.sales_fraction),
        attributes=row.attributes,
    )
