"""Sessions out of their tables, hundreds at a time and in order of their ids: what export, import and check compare."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, bindparam, select

from db.domain.cart import CartLine, ReturnedItem
from db.domain.session import CustomerSession, SessionReturn
from db.repository.core import CART_ITEM, DISCOUNT, IDENTIFIER, RETURN, RETURNED_ITEM, SESSION
from db.repository.lists import InList, TextList
from db.repository.rows import KEPT, LINE, PARTS

PAGE = 500
SUMS = ("total", "discount_total", "returned_total")


@dataclass(frozen=True, slots=True)
class Stored:
    """A session, and the sums that its row keeps beside it."""

    session: CustomerSession
    total: Decimal
    discount_total: Decimal
    returned_total: Decimal


def rows(*where: ColumnElement[bool]) -> Select[Any]:
    """The statement that reads sessions' own rows, in order of their ids."""
    columns = (SESSION.c[name] for name in (*KEPT, *SUMS))
    return (
        select(*columns).where(SESSION.c.application_id == bindparam("application_id"), *where).order_by(SESSION.c.id)
    )


def part(of: Table) -> Select[Any]:
    """The statement that reads what some sessions have in a table, in order of its key."""
    return (
        select(of.c.session_id, *(of.c[name] for name in PARTS[of]))
        .where(
            of.c.application_id == bindparam("application_id"),
            of.c.session_id.in_(bindparam("session_ids", expanding=True)),
        )
        .order_by(*of.primary_key)
    )


NEXT_IDS = (
    select(SESSION.c.id)
    .where(SESSION.c.application_id == bindparam("application_id"), SESSION.c.id > bindparam("after"))
    .order_by(SESSION.c.id)
    .limit(PAGE)
)
BY_ID = rows(SESSION.c.id.in_(bindparam("ids", expanding=True)))
BY_NAME = rows(InList(SESSION.c.integration_id, bindparam("integration_ids", type_=TextList())))
PART = {table: part(table) for table in PARTS}


def pages(connection: Connection, application_id: int) -> Iterator[Sequence[int]]:
    """The id of every session of an application, in order, some hundreds at a time."""
    after = 0
    while ids := connection.execute(NEXT_IDS, {"application_id": application_id, "after": after}).scalars().all():
        yield ids
        after = ids[-1]


def sessions(connection: Connection, application_id: int, ids: Sequence[int]) -> list[Stored]:
    """The sessions that have the ids, in order of them."""
    found = connection.execute(BY_ID, {"application_id": application_id, "ids": ids}).mappings().all()
    return whole(connection, application_id, found)


def named(connection: Connection, application_id: int, integration_ids: Sequence[str]) -> dict[str, CustomerSession]:
    """Those of the named sessions that there are, by their integration IDs."""
    names = {"application_id": application_id, "integration_ids": integration_ids}
    found = connection.execute(BY_NAME, names).mappings().all()
    return {each.session.integration_id: each.session for each in whole(connection, application_id, found)}


def whole(connection: Connection, application_id: int, found: Sequence[RowMapping]) -> list[Stored]:
    """The sessions of some rows, with all their parts."""
    if not found:
        return []
    names = {"application_id": application_id, "session_ids": [row["id"] for row in found]}

    def parts(table: Table) -> dict[int, list[Any]]:
        by_session: dict[int, list[Any]] = defaultdict(list)
        for session_id, *columns in connection.execute(PART[table], names):
            by_session[session_id].append(columns)
        return by_session

    cart, identifiers, discounts = parts(CART_ITEM), parts(IDENTIFIER), parts(DISCOUNT)
    returns, items = parts(RETURN), parts(RETURNED_ITEM)
    return [
        Stored(
            CustomerSession(
                **{name: row[name] for name in KEPT},
                cart=tuple(CartLine(**dict(zip(LINE, each, strict=True))) for each in cart[row["id"]]),
                identifiers=tuple(identifier for (identifier,) in identifiers[row["id"]]),
                discounts=dict(discounts[row["id"]]),
                returns=tuple(made(each, items[row["id"]]) for each in returns[row["id"]]),
            ),
            *(row[name] for name in SUMS),
        )
        for row in found
    ]


def made(own: Sequence[Any], items: Sequence[Sequence[Any]]) -> SessionReturn:
    """One return of a session, out of all its returned items."""
    version, created, amount = own
    of_it = tuple(ReturnedItem(*item) for of_version, *item in items if of_version == version)
    return SessionReturn(version=version, created=created, items=of_it, amount=amount)
