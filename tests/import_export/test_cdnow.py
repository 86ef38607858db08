"""The purchases at CDNOW: sums over the tables equal sums over the file, computed without the importer."""

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shop import Shop
from transfer import disagreements, import_into

CDNOW = Path(__file__).parents[1] / "data" / "cdnow-sample.jsonl.gz"

Sums = dict[str, tuple[int, int, Decimal]]


@pytest.fixture
def content() -> bytes:
    return gzip.decompress(CDNOW.read_bytes())


def of_the_file(content: bytes, field: str, length: int) -> Sums:
    """Return purchases, units and amount by the first characters of a field."""
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for record in (json.loads(line, parse_float=Decimal) for line in content.splitlines()):
        of = sums[record[field][:length]]
        of[0] += 1
        of[1] += sum(item["quantity"] for item in record["cartItems"])
        of[2] += record["total"]
    return {key: (purchases, units, amount) for key, (purchases, units, amount) in sums.items()}


def of_the_tables(shop: Shop, column: str, length: int) -> Sums:
    """Return the same sums from the database."""
    statement = f"""
        SELECT substr(CAST({column} AS TEXT), 1, {length}),
            count(DISTINCT s.id), sum(i.quantity), sum(i.quantity * i.price)
        FROM customer_session s JOIN cart_item i ON i.application_id = s.application_id AND i.session_id = s.id
        GROUP BY 1
    """  # noqa: S608  # the names are our own
    rows = shop.query(lambda connection: connection.exec_driver_sql(statement).all())
    return {key: (purchases, units, Decimal(amount) / 10_000) for key, purchases, units, amount in rows}


def test_sums_by_month_and_by_customer_are_those_of_the_file(shop: Shop, content: bytes) -> None:
    report = import_into(shop, content)

    assert (report.created, report.failed) == (6919, 0)
    assert of_the_tables(shop, "s.created", len("1997-01")) == of_the_file(content, "created", len("1997-01"))
    assert of_the_tables(shop, "s.profile_id", 100) == of_the_file(content, "profileId", 100)
    assert disagreements(shop) == []
