"""Give each cart line an id, in the cart and in the changes of events."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from json import JSONDecoder
from operator import attrgetter
from secrets import token_urlsafe
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0005_cart_line_ids"
down_revision = "0004_session_size"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
PAGE = 500  # sessions at a time
DECODER = JSONDecoder(parse_float=Decimal, parse_int=Decimal)  # a float would lose digits of an amount
VARYING = ("id", "quantity", "returnedQuantity")  # keys of a line that do not describe its item

SESSIONS = sa.text("""
    SELECT application_id, id FROM customer_session
    WHERE (application_id, id) > (:application_id, :id) ORDER BY application_id, id LIMIT :page""")
EVENTS = sa.text("""
    SELECT session_id, version, CAST(changes AS TEXT) AS changes FROM session_event
    WHERE application_id = :application_id AND session_id BETWEEN :first AND :last
    ORDER BY session_id, version""")
LENGTHS = sa.text("""
    SELECT session_id, count(*) FROM cart_item
    WHERE application_id = :application_id AND session_id BETWEEN :first AND :last GROUP BY session_id""")
STORE = sa.text("""
    UPDATE session_event SET changes = :changes
    WHERE application_id = :application_id AND session_id = :session_id AND version = :version""")
STORE_POSTGRESQL = sa.text(STORE.text.replace(":changes", "CAST(:changes AS JSON)"))
INSERT_ID = sa.text("INSERT INTO cart_line_id VALUES (:application_id, :session_id, :position, :id)")

Line = dict[str, Any]
Lines = list[Line]


def upgrade() -> None:
    """Store the ids in a table of their own first: SQLite adds a column that is not null to an empty table only."""
    connection = op.get_bind()
    op.create_table(
        "cart_line_id",
        sa.Column("application_id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.BigInteger, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("id", TEXT, nullable=False),
    )
    for application_id, first, last in pages(connection):
        names = {"application_id": application_id, "first": first, "last": last}
        ids = change_carts(connection, names, give_ids)
        rows = [
            {"application_id": application_id, "session_id": session_id, "position": position, "id": id_}
            for session_id, length in connection.execute(LENGTHS, names)
            for position, id_ in zip(range(length), [*ids.get(session_id, ()), *new_ids(length)], strict=False)
        ]
        if rows:
            connection.execute(INSERT_ID, rows)
    same_line = " AND ".join(f"line.{name} = ids.{name}" for name in ("application_id", "session_id", "position"))
    if connection.dialect.name == "postgresql":
        op.add_column("cart_item", sa.Column("id", TEXT))
        op.execute(f"UPDATE cart_item AS line SET id = ids.id FROM cart_line_id AS ids WHERE {same_line}")  # noqa: S608  # names of our own
        op.alter_column("cart_item", "id", nullable=False)
    else:
        for table in ("returned_item", "cart_item"):  # the first refers to the second
            op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")  # noqa: S608  # names of our own
            op.execute(f"DELETE FROM {table}")  # noqa: S608  # names of our own
        op.add_column("cart_item", sa.Column("id", TEXT, nullable=False))
        lines = f"cart_item_before AS line JOIN cart_line_id AS ids ON {same_line}"
        op.execute(f"INSERT INTO cart_item SELECT line.*, ids.id FROM {lines}")  # noqa: S608  # names of our own
        op.execute("INSERT INTO returned_item SELECT * FROM returned_item_before")
        op.drop_table("returned_item_before")
        op.drop_table("cart_item_before")
    op.drop_table("cart_line_id")


def downgrade() -> None:
    """Remove the ids, from the events too."""
    connection = op.get_bind()
    for application_id, first, last in pages(connection):
        names = {"application_id": application_id, "first": first, "last": last}
        change_carts(connection, names, lambda before, lines: [{**line, "id": None} for line in lines])
    op.drop_column("cart_item", "id")


def pages(connection: sa.Connection) -> Iterator[tuple[int, int, int]]:
    """Yield an application with the first and the last session of a page, for all sessions."""
    after = {"application_id": -1, "id": 0}
    while rows := connection.execute(SESSIONS, {**after, "page": PAGE}).all():
        for application_id, group in groupby(rows, key=attrgetter("application_id")):
            ids = [row.id for row in group]
            yield application_id, ids[0], ids[-1]
        after = dict(rows[-1]._mapping)


def change_carts(
    connection: sa.Connection, names: dict[str, int], change: Callable[[Lines, Lines], Lines]
) -> dict[int, Sequence[str]]:
    """Rewrite the carts in the events of a page. Return, by session, the ids of the last cart.

    ``change`` takes the cart of the event before and the cart of an event, and returns the latter with other ids.
    """
    store = STORE_POSTGRESQL if connection.dialect.name == "postgresql" else STORE
    last: dict[int, Sequence[str]] = {}
    changed = []
    for session_id, events in groupby(connection.execute(EVENTS, names).all(), key=attrgetter("session_id")):
        cart: Lines = []
        for event in events:
            changes = DECODER.decode(event.changes)
            if "cartItems" in changes:
                cart = change(cart, changes["cartItems"])
                lines = [{key: value for key, value in line.items() if value is not None} for line in cart]
                text = orjson.dumps({**changes, "cartItems": lines}, default=lambda each: orjson.Fragment(str(each)))
                changed.append({"session_id": session_id, "version": event.version, "changes": text.decode()})
        last[session_id] = [line["id"] for line in cart]
    if changed:
        connection.execute(store, [{"application_id": names["application_id"], **each} for each in changed])
    return last


def give_ids(before: Lines, lines: Lines) -> Lines:
    """Return a cart with ids. A line has the id of the first line before with the same item, or a new one."""
    ids: defaultdict[str, deque[str]] = defaultdict(deque)
    for line in before:
        ids[item_of(line)].append(line["id"])
    fresh = new_ids(len(lines))
    with_ids = []
    for line in lines:
        same = ids[item_of(line)]
        with_ids.append({"id": same.popleft() if same else next(fresh), **line})
    return with_ids


def item_of(line: Line) -> str:
    """Return everything that describes the item of a line, as text. Equal values were written as the same text."""
    return repr([(key, line[key]) for key in sorted(line) if key not in VARYING])


def new_ids(number: int) -> Iterator[str]:
    """Yield new ids, as the server makes them."""
    prefix = token_urlsafe(9)
    return (f"{prefix}{position}" for position in range(number))
