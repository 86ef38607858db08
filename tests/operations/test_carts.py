"""Operations on lines of a cart, by several callers at once."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from shop import Shop, fold, line, refusals

from db.domain.attribute_definition import AttributeEntity
from db.domain.cart import LineName
from db.domain.commands import AddCartItems, Discount, LineChange, MergeSessions, RemoveCartItems, UpdateCartItems
from db.domain.errors import (
    InvalidInput,
    Refused,
    SessionNotEditable,
    SessionNotFound,
    UnknownAttribute,
    VersionConflict,
)
from db.domain.events import EventType, to_entity
from db.domain.lifecycle import SessionState
from db.engine import json
from db.import_export.checking import check_sessions
from db.operations.carts import add_cart_items, merge_sessions, remove_cart_items, update_cart_items
from db.operations.outcome import Actor, Outcome
from db.operations.sessions import change_own_session

MANY = 50

# On PostgreSQL under each isolation level.
STORES = ["sqlite", "postgresql", "partitioned", "serializable"]
pytestmark = pytest.mark.parametrize("store", STORES, indirect=True, scope="session")


def at_once(shop: Shop, *changes: tuple[Callable[..., Outcome], Any]) -> Sequence[Outcome | BaseException]:
    """Run each change in its own transaction, all of them concurrently."""

    async def run() -> Sequence[Outcome | BaseException]:
        writes = (shop.database.write(operation, shop.till, command, shop.now) for operation, command in changes)
        return await asyncio.gather(*writes, return_exceptions=True)

    return shop.runner.run(run())


def adding(shop: Shop, sku: str, integration_id: str = "s1") -> tuple[Callable[..., Outcome], Any]:
    return add_cart_items, AddCartItems(**shop.name(integration_id), items=[line(sku)])


def assert_consistent(shop: Shop, *names: str) -> None:
    """Compare sessions with their histories, and check them."""
    for name in names:
        folded = fold(event["changes"] for event in shop.history(name))
        assert folded == json.loads(json.dumps(to_entity(shop.session(name))))
    found = shop.query(lambda connection: list(check_sessions(connection, shop.application_id)))
    assert [str(each) for page in found for each in page.disagreements] == []


def test_additions_at_once_are_all_in_the_cart(shop: Shop) -> None:
    shop.create(cart_items=[line("there")])

    answers = at_once(shop, *(adding(shop, f"sku {number % 25}") for number in range(MANY)))

    assert sorted(each.version for each in answers if isinstance(each, Outcome)) == list(range(2, MANY + 2))
    session = shop.session()
    assert {each.sku: each.quantity for each in session.cart} == {
        "there": 1,
        **{f"sku {number}": 2 for number in range(25)},
    }
    assert len({each.id for each in session.cart}) == 26
    assert_consistent(shop, "s1")


def test_changes_of_different_lines_at_once_are_all_made(shop: Shop) -> None:
    shop.create(cart_items=[line(f"sku {number}") for number in range(9)])
    ids = [each.id for each in shop.session().cart]
    names = [LineName(id=each) for each in ids]

    changes = [LineChange(line=name, quantity=number + 2) for number, name in enumerate(names[:3])]
    changes += [LineChange(line=name, name="new") for name in names[3:6]]
    answers = at_once(
        shop,
        *((update_cart_items, UpdateCartItems(**shop.name("s1"), items=[each])) for each in changes),
        *((remove_cart_items, RemoveCartItems(**shop.name("s1"), lines=[each])) for each in names[6:8]),
        adding(shop, "another"),
    )

    assert all(isinstance(each, Outcome) for each in answers)
    assert [(each.id, each.quantity, each.name) for each in shop.session().cart[:7]] == [
        *((id_, number + 2, None) for number, id_ in enumerate(ids[:3])),
        *((id_, 1, "new") for id_ in ids[3:6]),
        (ids[8], 1, None),
    ]
    assert_consistent(shop, "s1")


def test_event_of_a_cart_command_says_what_changed(shop: Shop) -> None:
    shop.create(cart_items=[line(price="5")], discounts=[Discount("a", Decimal(5))], profile_id="ada")
    shop.add(line("pear"))
    shop.change(LineChange(line=LineName(sku="pear"), price=Decimal(2)))
    shop.remove(LineName(position=0))
    shop.change(LineChange(line=LineName(sku="pear"), quantity=1))  # as it is

    added, changed, removed = shop.history()[1:]
    assert [each["type"] for each in (added, changed, removed)] == [EventType.UPDATED] * 3
    assert [each["changed_fields"] for each in (added, changed, removed)] == [
        ["cartItems"],
        ["cartItems"],
        ["cartItems", "discounts"],
    ]
    assert removed["changes"]["discounts"] == {"a": 2}
    assert_consistent(shop, "s1")


def test_attributes_of_lines_are_checked(shop: Shop) -> None:
    shop.define(AttributeEntity.CART_ITEM, "colour")
    shop.create()
    shop.add(line(attributes={"colour": "red"}))
    shop.add(line(attributes={"colour": "red"}), line())
    shop.change(LineChange(line=LineName(position=1), attributes={"colour": "blue"}))

    assert [(each.quantity, each.attributes["colour"]) for each in shop.session().cart] == [(2, "red"), (1, "blue")]
    (refusal,) = refusals(shop.add, line(attributes={"size": 1}))
    assert refusal == UnknownAttribute(
        path=("items", "0", "attributes", "size"), name="size", entity=AttributeEntity.CART_ITEM
    )


def test_addition_to_a_session_that_is_closed_meanwhile_is_refused(shop: Shop) -> None:
    shop.create(cart_items=[line()])
    shop.close()
    before = shop.all_rows()

    answers = at_once(shop, *[adding(shop, "late")] * 3)

    assert [each.refusals for each in answers if isinstance(each, Refused)] == [
        (SessionNotEditable(state=SessionState.CLOSED),)
    ] * 3
    assert shop.all_rows() == before


def test_repeated_addition_with_an_idempotency_key_adds_once(shop: Shop) -> None:
    shop.create()
    answers = [shop.add(line(), idempotency_key="1") for _ in range(2)]

    assert [each.replayed for each in answers] == [False, True]
    assert [each.quantity for each in shop.session().cart] == [1]


def test_expected_version_is_checked(shop: Shop) -> None:
    shop.create(cart_items=[line()])
    change = LineChange(line=LineName(position=0), quantity=2)
    for refused in (
        refusals(shop.add, line(), expected_version=7),
        refusals(shop.change, change, expected_version=7),
        refusals(shop.remove, LineName(position=0), expected_version=7),
    ):
        assert [type(each) for each in refused] == [VersionConflict]


def test_cart_that_becomes_too_large_is_refused_at_the_field_of_the_input(shop: Shop) -> None:
    shop.till = Actor("Till", "till00000000", max_session_bytes=2_000)
    shop.create()
    (refusal,) = refusals(shop.add, *(line(str(number), name="x" * 200) for number in range(9)))
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("items",)


def test_token_changes_its_own_session_only(shop: Shop) -> None:
    own, other = (shop.create(name, cart_items=[line()]) for name in ("own", "other"))
    operation, command = adding(shop, "pear", "own")

    def run(session_id: int) -> Outcome:
        run_own = partial(change_own_session, operation=operation, session_id=session_id)
        return shop.write(run_own, shop.till, command, shop.tick())

    assert run(own.session_id).version == 2
    assert refusals(run, other.session_id) == (SessionNotFound(integration_id="own"),)


def test_merge_is_one_transaction_with_an_event_on_both_sides(shop: Shop) -> None:
    shop.create("guest", cart_items=[line(quantity=2), line("pear")], coupon="GUEST")
    shop.create("ada", cart_items=[line("plum"), line()], profile_id="ada", coupon="ADA")

    outcome = shop.merge("guest", "ada", expected_version=1)

    guest, ada = shop.session("guest"), shop.session("ada")
    assert (outcome.session_id, outcome.version) == (ada.id, 2)
    assert [(each.sku, each.quantity) for each in ada.cart] == [("plum", 1), ("apple", 3), ("pear", 1)]
    assert not {each.id for each in ada.cart} & {each.id for each in guest.cart}
    assert (ada.coupon, ada.profile_id, guest.state) == ("ADA", "ada", SessionState.CANCELLED)
    assert [(each["type"], each["merged_with"]) for each in shop.history("guest")] == [
        (EventType.CREATED, None),
        (EventType.CANCELLED, "ada"),
    ]
    assert [(each["type"], each["merged_with"]) for each in shop.history("ada")] == [
        (EventType.CREATED, None),
        (EventType.UPDATED, "guest"),
    ]
    assert_consistent(shop, "guest", "ada")


def test_refused_merge_changes_neither_session(shop: Shop) -> None:
    shop.create("guest", cart_items=[line()])
    shop.create("ada")
    shop.another("Other", "EUR").create("elsewhere")
    before = shop.all_rows()

    (conflict,) = refusals(shop.merge, "guest", "ada", expected_version=7)
    assert isinstance(conflict, VersionConflict)
    assert refusals(shop.merge, "guest", "guest")[0].path == ("intoIntegrationId",)
    assert refusals(shop.merge, "guest", "elsewhere") == (
        SessionNotFound(integration_id="elsewhere", path=("intoIntegrationId",)),
    )
    assert shop.all_rows() == before


def test_repeated_merge_with_an_idempotency_key_merges_once(shop: Shop) -> None:
    shop.create("guest", cart_items=[line()])
    shop.create("ada")
    answers = [shop.merge("guest", "ada", idempotency_key="log-in") for _ in range(2)]

    assert [each.replayed for each in answers] == [False, True]
    assert [each.quantity for each in shop.session("ada").cart] == [1]


def test_merges_in_both_directions_and_additions_at_once_lose_no_line(shop: Shop) -> None:
    shop.create("a", cart_items=[line("of a")])
    shop.create("b", cart_items=[line("of b")])

    def merging(source: str, target: str) -> tuple[Callable[..., Outcome], Any]:
        return merge_sessions, MergeSessions(
            application_id=shop.application_id, from_integration_id=source, into_integration_id=target
        )

    changes = [change for _ in range(5) for change in (merging("a", "b"), merging("b", "a"), adding(shop, "x", "a"))]
    answers = at_once(shop, *changes)

    merged = [answer for answer, (operation, _) in zip(answers, changes, strict=True) if operation is merge_sessions]
    assert sum(isinstance(each, Outcome) for each in merged) == 1
    assert all(isinstance(each, Outcome | Refused) for each in answers)
    open_, cancelled = sorted((shop.session(name) for name in "ab"), key=lambda each: each.state, reverse=True)
    assert (open_.state, cancelled.state) == (SessionState.OPEN, SessionState.CANCELLED)
    assert {"of a", "of b"} <= {each.sku for each in open_.cart}
    added = sum(isinstance(answer, Outcome) for answer in answers) - 1
    assert sum(each.quantity for each in open_.cart if each.sku == "x") == added
    assert_consistent(shop, "a", "b")
