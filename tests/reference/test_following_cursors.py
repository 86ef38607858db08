"""Following the cursors of a list reads every row once, in order, while rows are added and changed."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from string import Template
from typing import Any

import pytest
from api_server import Answer, Api
from random_documents import ORDERS
from shop import Shop, line

WAYS = (("ASC", "DESC"), ("forwards", "backwards"))
STEPS = [*product(ORDERS["CustomerSessionOrder"], *WAYS)]
STEPS_OF_PROFILES = [*product(ORDERS["CustomerProfileOrder"], *WAYS)]
PAGE = Template("""query ($$at: String) {
  it: $LIST(orderBy: {field: $BY, direction: $TO}, $HERE: $$at, $SIZE: 3) {
    pageInfo { forwards: hasNextPage backwards: hasPreviousPage startCursor endCursor }
    nodes { integrationId $FIELDS }
  }
}""")
FIELDS = {"CREATED": "created", "UPDATED": "updated", "INTEGRATION_ID": "integrationId"}
NAMES = [f"s{number:02}" for number in range(25)]


def shop_of(api: Api) -> Shop:
    """Twenty-five sessions, five at a time alike in all but their names."""
    shop = api.shop
    for number, name in enumerate(NAMES):
        shop.create(name, cart_items=[line(price=str(number % 5))])
        shop.now = shop.OPENED if number % 5 else shop.now
    return shop


def pages(
    api: Api, by: str, to: str, way: str, of: str = "customerSessions", fields: str = "created updated total"
) -> Iterator[list[Answer]]:
    """The rows of each page, in the order in which they are met; what is done in between may change the list."""
    here, size, cursor = ("after", "first", "endCursor") if way == "forwards" else ("before", "last", "startCursor")
    document = PAGE.substitute(LIST=of, FIELDS=fields, BY=by, TO=to, HERE=here, SIZE=size)
    at, more = None, True
    while more:
        page = api.data(document, {"at": at}, "reader")["it"]
        yield page["nodes"] if way == "forwards" else page["nodes"][::-1]
        at, more = page["pageInfo"][cursor], page["pageInfo"][way]


def place(node: Answer, by: str) -> Any:
    """Return the value that a row is ordered by."""
    return Decimal(node["total"]) if by == "TOTAL" else node[FIELDS[by]]


@pytest.mark.parametrize(("by", "to", "way"), STEPS)
def test_following_the_cursors_visits_every_row_once_and_in_order(api: Api, by: str, to: str, way: str) -> None:
    shop_of(api)
    found = [node for page in pages(api, by, to, way) for node in page]
    assert sorted(node["integrationId"] for node in found) == NAMES
    places = [place(node, by) for node in found]
    assert places == sorted(places, reverse=(to == "ASC") is not (way == "forwards"))


@pytest.mark.parametrize(("by", "to", "way"), STEPS_OF_PROFILES)
def test_following_the_cursors_of_profiles_visits_every_row_once_and_in_order(
    api: Api, by: str, to: str, way: str
) -> None:
    shop = api.shop
    for number, name in enumerate(NAMES):
        shop.create(name, profile_id=name)
        shop.now = shop.OPENED if number % 5 else shop.now
    found = [node for page in pages(api, by, to, way, "customerProfiles", "created") for node in page]
    assert sorted(node["integrationId"] for node in found) == NAMES
    places = [(place(node, by), node["integrationId"]) for node in found]
    assert places == sorted(places, reverse=(to == "ASC") is not (way == "forwards"))


@pytest.mark.parametrize(("by", "to", "way"), STEPS)
def test_every_row_that_keeps_its_place_is_visited_once_while_others_come_and_move(
    api: Api, by: str, to: str, way: str
) -> None:
    shop, met = shop_of(api), []
    for number, page in enumerate(pages(api, by, to, way)):
        met += [node["integrationId"] for node in page]
        shop.create(f"new{number}")
        shop.update(met[0], cart_items=[line(price=str(90 + number))])
    kept = sorted(name for name in met if name.startswith("s") and name != met[0])
    assert kept == [name for name in NAMES if name != met[0]]
