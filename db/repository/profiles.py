"""Profiles: created when a session first names them, locked while a session is added to them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, exists, select
from sqlalchemy.dialects import postgresql

from db.domain.money import PLACES, from_units, to_units
from db.domain.session import CustomerSession
from db.engine.statements import Statement
from db.repository.core import PROFILE, SESSION, Insert, insert_in
from db.tables.columns import SCALE

# Whether the session of the parameters is the first of its profile. A new session has the id 0 until it is stored.
NO_SALES = {"closed_sessions": 0, "sales_whole": 0, "sales_fraction": 0}
IS_FIRST_SESSION = ~exists().where(
    SESSION.c.application_id == bindparam("application_id"),
    SESSION.c.profile_id == bindparam("profile_id", type_=SESSION.c.profile_id.type),
    SESSION.c.id != bindparam("id", type_=SESSION.c.id.type),
)
SELECT_IS_FIRST_SESSION = Statement(select(IS_FIRST_SESSION.label("is_first_session")))


def new_profile(application_id: int, integration_id: str, created: datetime) -> dict[str, Any]:
    """Return the row of a profile without attributes."""
    return {
        "application_id": application_id,
        "integration_id": integration_id,
        "created": created,
        "updated": created,
        "attributes": {},
        **NO_SALES,
    }


def sales(session: CustomerSession) -> Mapping[str, int]:
    """Return a session's part in the sums of its profile."""
    if not session.is_sale:
        return NO_SALES
    whole, fraction = divmod(to_units(session.total, PLACES), SCALE)
    return {"closed_sessions": 1, "sales_whole": whole, "sales_fraction": fraction}


def total_sales(whole: int, fraction: int) -> Decimal:
    """Return the sum of a profile's sales from its two parts. PostgreSQL sums them to a Decimal."""
    return from_units(int(whole) * SCALE + int(fraction), PLACES)


def added_sales(before: CustomerSession, after: CustomerSession) -> Mapping[str, int] | None:
    """Return what a change adds to the sums of the session's profile, or None.

    Only a change of state adds: the cart of a sale does not change, and its profile neither.
    """
    if after.profile_id is None or before.is_sale == after.is_sale:
        return None
    old, new = sales(before), sales(after)
    return {name: new[name] - old[name] for name in NO_SALES}


def is_first_session(connection: Connection, session: CustomerSession, now: datetime) -> bool:
    """Return whether the session is the first of its profile, which is created if missing, and locked.

    A session without a profile always is.
    """
    if session.profile_id is None:
        return True
    lock_profile(connection, session.application_id, session.profile_id, now)
    return would_be_first_session(connection, session)


def would_be_first_session(connection: Connection, session: CustomerSession) -> bool:
    """Return whether no other session of the profile is stored now. A session without a profile is the first."""
    if session.profile_id is None:
        return True
    names = {"application_id": session.application_id, "profile_id": session.profile_id, "id": session.id}
    is_first: bool = SELECT_IS_FIRST_SESSION.first(connection, names).is_first_session
    return is_first


def lock_profile(connection: Connection, application_id: int, integration_id: str, now: datetime) -> None:
    """Lock a profile until the transaction ends; create it if it is missing."""
    locking(connection.dialect.name).rows(connection, new_profile(application_id, integration_id, now))


@cache
def locking(dialect: str) -> Statement:
    """Return the statement of ``lock_profile``."""
    return Statement(insert_or_lock(insert_in(dialect, PROFILE)))


def insert_or_lock(statement: Insert, where: ColumnElement[bool] | None = None) -> Insert:
    """Complete an INSERT of a profile so that it locks the one that is there.

    On PostgreSQL the new row's sums are added to those that are there. SQLite has one writer at a time and needs no
    lock. On PostgreSQL, DO NOTHING would not lock the row, and of two
    concurrent sessions both could be the first. With ``where``, a profile that does not meet it is not returned.
    """
    if isinstance(statement, postgresql.Insert):
        sums = {name: PROFILE.c[name] + statement.excluded[name] for name in NO_SALES}
        return statement.on_conflict_do_update(constraint=f"pk_{PROFILE.name}", set_=sums, where=where)
    return statement.on_conflict_do_nothing()
