"""Add the size of a session, and compute it for the sessions that exist."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_session_size"
down_revision = "0003_promotions"

PAGE = 500
ROW_BYTES = 100
TINY_NUMBER_BYTES = 23
IDS = sa.text("""
    SELECT application_id, id FROM customer_session
    WHERE (application_id, id) > (:application_id, :id) ORDER BY application_id, id LIMIT :limit""")
SESSIONS = sa.text("""
    SELECT id, CAST(attributes AS TEXT), integration_id, profile_id, coupon, referral FROM customer_session
    WHERE application_id = :application_id AND id BETWEEN :first AND :last""")
PARTS = [
    sa.text(f"""
        SELECT each.session_id, {columns} FROM {table} AS each
        WHERE each.application_id = :application_id AND each.session_id BETWEEN :first AND :last""")  # noqa: S608  # our own names
    for table, columns in (
        ("cart_item", "CAST(attributes AS TEXT), sku, name, category, product_name"),
        ("session_identifier", "NULL, identifier"),
        ("session_discount", "NULL, label, campaign_name"),
        ("session_return", "NULL"),
    )
]
PARTS.append(
    sa.text("""
        SELECT each.session_id, NULL, sku FROM returned_item AS each
        JOIN cart_item ON cart_item.application_id = each.application_id
            AND cart_item.session_id = each.session_id AND cart_item.position = each.position
        WHERE each.application_id = :application_id AND each.session_id BETWEEN :first AND :last""")
)
SHARES = sa.text("""
    SELECT each.session_id, CAST(each.shares AS TEXT) AS shares, each.campaign_name, (
        SELECT count(*) FROM cart_item
        WHERE cart_item.application_id = each.application_id AND cart_item.session_id = each.session_id
    ) AS lines
    FROM session_discount AS each
    WHERE each.application_id = :application_id AND each.session_id BETWEEN :first AND :last""")
UPDATE = sa.text("UPDATE customer_session SET size = :size WHERE application_id = :application_id AND id = :id")


def upgrade() -> None:
    """Add the column, and fill it in pages. A million sessions take minutes."""
    op.add_column("customer_session", sa.Column("size", sa.Integer, nullable=False, server_default="0"))
    connection = op.get_bind()
    after = {"application_id": 0, "id": 0}
    while found := connection.execute(IDS, {**after, "limit": PAGE}).all():
        page = [row.id for row in found if row.application_id == found[0].application_id]
        key = {"application_id": found[0].application_id}
        sizes = sizes_of(connection, {**key, "first": page[0], "last": page[-1]})
        connection.execute(UPDATE, [{**key, "id": id_, "size": size} for id_, size in sizes.items()])
        after = {**key, "id": page[-1]}


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("customer_session", "size")


def sizes_of(connection: sa.Connection, page: Mapping[str, int]) -> dict[int, int]:
    """Return the sizes of sessions by their ids."""
    texts: defaultdict[int, list[str | None]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for id_, attributes, *of_session in connection.execute(SESSIONS, page):
        sizes[id_] = attributes_size(attributes)
        texts[id_] += of_session
    for part in PARTS:
        for id_, attributes, *of_row in connection.execute(part, page):
            sizes[id_] += ROW_BYTES + attributes_size(attributes)
            texts[id_] += of_row
    for id_, shares, campaign, lines in connection.execute(SHARES, page):
        sizes[id_] += ROW_BYTES * (lines if campaign is None else len(json.loads(shares)))
    return {id_: size + texts_size(texts[id_]) for id_, size in sizes.items()}


def attributes_size(attributes: str | None) -> int:
    """Return the bytes of attributes; none where there are none."""
    values = json.loads(attributes or "{}")
    return json_size(values) if values else 0


def texts_size(texts: Iterable[str | None]) -> int:
    """Return the bytes of UTF-8 of texts with the escapes of JSON, without quotes."""
    return len(encode_basestring("".join(text for text in texts if text)).encode()) - 2


def json_size(value: Any) -> int:
    """Return the bytes of a value as JSON, with a space after each comma and colon."""
    match value:
        case str():
            return texts_size([value]) + 2
        case dict():
            return 2 + sum(json_size(key) + json_size(each) + 4 for key, each in value.items())
        case list():
            return 2 + sum(json_size(each) + 2 for each in value)
        case bool() | None:
            return 5
    digits = repr(value)
    return TINY_NUMBER_BYTES if "e" in digits else len(digits)
