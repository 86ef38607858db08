"""Promotions under concurrency: no limit is passed, and nobody pays more than the session shows without notice."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from promotion_shop import (
    add_campaign,
    add_code,
    counters,
    given,
    limit,
    off,
    percent,
    postings,
    set_state,
    uses,
)
from shop import Shop, line, units

from db.domain.commands import CancelSession, CloseSession, CreateSession, Discount, ReturnItems, SessionContent
from db.domain.errors import Refused
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import UpdateCoupon
from db.domain.promotions.refusals import LimitReached
from db.operations.coupons import update_coupon
from db.operations.outcome import Outcome, WrittenRow
from db.operations.sessions import cancel_session, close_session, create_session, return_items
from db.repository.active_campaigns import VERSIONS

MANY = 50

STORES = ["sqlite", "postgresql", "partitioned", "serializable"]
pytestmark = pytest.mark.parametrize("store", STORES, indirect=True, scope="session")


def at_once(shop: Shop, *changes: tuple[Callable[..., Outcome], Any]) -> list[Outcome | BaseException]:
    """Run each change in its own transaction, all of them concurrently."""

    async def run() -> list[Outcome | BaseException]:
        writes = (shop.database.write(operation, shop.till, command, shop.now) for operation, command in changes)
        return await asyncio.gather(*writes, return_exceptions=True)

    answers = shop.runner.run(run())
    assert not [each for each in answers if not isinstance(each, Outcome | Refused)]
    return answers


def close_all(shop: Shop, names: Iterable[str]) -> list[Outcome | BaseException]:
    return at_once(shop, *((close_session, CloseSession(**shop.name(name))) for name in names))


def create_all(shop: Shop, **content: Any) -> list[str]:
    names = [f"s{number}" for number in range(MANY)]
    for name in names:
        shop.create(name, **content)
    return names


def short(answers: Iterable[Outcome | BaseException]) -> list[LimitReached]:
    refusals = [answer.refusals[0] for answer in answers if isinstance(answer, Refused)]
    assert all(isinstance(each, LimitReached) for each in refusals)
    return [each for each in refusals if isinstance(each, LimitReached)]


def test_one_of_many_concurrent_closes_has_the_last_use(shop: Shop) -> None:
    add_campaign(shop, percent("10"), limits=[limit("USES", "CAMPAIGN", "1")])
    names = create_all(shop, cart_items=[line(price="60.00")])

    answers = close_all(shop, names)

    refused = short(answers)
    assert len(refused) == MANY - 1
    assert {(each.used, each.max, each.actual_net_total) for each in refused} == {(Decimal(1), Decimal(1), Decimal(60))}
    assert counters(shop) == {(1, "", ""): "1.00"}
    assert list(postings(shop).values()) == ["1.00"]
    left = [name for name in names if shop.session(name).state is SessionState.OPEN]
    at_new_price = [CloseSession(**shop.name(name), expected_net_total=Decimal(60)) for name in left]
    answers = at_once(shop, *((close_session, command) for command in at_new_price))
    assert all(isinstance(answer, Outcome) for answer in answers)
    assert counters(shop) == {(1, "", ""): "1.00"}


def test_one_of_many_concurrent_closes_has_the_last_use_of_a_code(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), requires="COUPON")
    add_code(shop, campaign, "HELLO", usage_limit=3)
    names = create_all(shop, cart_items=[line(price="60.00")], coupon="hello")

    assert len(short(close_all(shop, names))) == MANY - 3

    assert uses(shop) == {"HELLO": 3}


def test_concurrent_closes_cut_a_discount_to_exactly_what_is_left(shop: Shop) -> None:
    add_campaign(shop, off("1.00"), limits=[limit("DISCOUNT", "CAMPAIGN", "7.50", whenShort="CUT")])
    names = create_all(shop, cart_items=[line(price="60.00")])

    refused = short(close_all(shop, names))

    assert len(refused) == MANY - 7
    assert counters(shop) == {(1, "", ""): "7.00"}
    left = [name for name in names if shop.session(name).state is SessionState.OPEN]
    shop.update(left[0])
    shop.close(left[0])
    assert given(shop.session(left[0])) == {"rule": "0.50"}
    assert counters(shop) == {(1, "", ""): "7.50"}


def test_concurrent_closes_of_a_group_exceed_no_limit(shop: Shop) -> None:
    for number, amount in enumerate(("3.00", "2.00")):
        add_campaign(
            shop, off(amount, f"rule {number}"), name=amount, bestOf="best", limits=[limit("USES", "CAMPAIGN", "2")]
        )
    commands = [
        CreateSession(
            **shop.name(f"s{number}"),
            state=SessionState.CLOSED,
            content=SessionContent(cart_items=[line(price="60.00")]),
        )
        for number in range(MANY)
    ]

    answers = at_once(shop, *((create_session, command) for command in commands))

    assert all(isinstance(answer, Outcome) for answer in answers)
    assert counters(shop) == {(1, "", ""): "2.00", (2, "", ""): "2.00"}
    amounts = sorted(sum(shop.session(f"s{number}").discounts_by_label.values()) for number in range(MANY))
    assert amounts == [0] * (MANY - 4) + [2, 2, 3, 3]


def test_only_one_of_two_first_orders_is_the_first(shop: Shop) -> None:
    add_campaign(shop, percent("10", when={"profile": {"closedSessions": {"max": 0}}}))
    names = create_all(shop, cart_items=[line(price="60.00")], profile_id="ada")

    close_all(shop, names)

    discounted = [name for name in names if given(shop.session(name))]
    assert len([name for name in discounted if shop.session(name).state is SessionState.CLOSED]) == 1


def test_counters_add_up_after_closes_returns_and_cancellations_at_once(shop: Shop) -> None:
    limits = [
        limit("USES", "CAMPAIGN", "40"),
        limit("USES", "PROFILE", "40"),
        limit("DISCOUNT", "CAMPAIGN", "1000.00", whenShort="CUT"),
        limit("DISCOUNT", "PROFILE", "1000.00", period="MONTH"),
    ]
    add_campaign(shop, percent("10"), limits=limits)
    add_campaign(shop, off("5.00", "five"), name="Five", rank=1, limits=limits[::-1])
    names = []
    for number in range(20):
        names.append(f"s{number}")
        shop.create(names[-1], cart_items=[line(quantity=2, price="30.00"), line("pear")], profile_id=f"p{number % 3}")

    closes = [(close_session, CloseSession(**shop.name(name))) for name in names]
    returns = [(return_items, ReturnItems(**shop.name(name), items=[units(0, 1)])) for name in names[:10]]
    cancels = [(cancel_session, CancelSession(**shop.name(name))) for name in names[5:15]]
    at_once(shop, *closes)
    at_once(shop, *returns, *cancels, *returns[::-1])

    sums: dict[tuple[int, str], Decimal] = {}
    for (_, limit_id, subject), amount in postings(shop).items():
        sums[limit_id, subject] = sums.get((limit_id, subject), Decimal(0)) + Decimal(amount)
    assert {(limit_id, subject): Decimal(used) for (limit_id, subject, _), used in counters(shop).items()} == sums
    assert len(sums) == 16


def test_close_uses_the_campaigns_as_they_are(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"))
    shop.create(cart_items=[line(price="60.00")])
    dialect = shop.write(lambda connection: connection.dialect)
    outdated = dict(VERSIONS.setdefault(dialect, {}))
    set_state(shop, campaign, CampaignState.PAUSED)

    VERSIONS[dialect].update(outdated)  # as in another process
    shop.create("s2", cart_items=[line(price="60.00")])

    assert given(shop.session("s2")) == {}
    VERSIONS[dialect].update(outdated)
    shop.update()
    assert given(shop.session()) == {}


def test_create_learns_of_the_first_campaign_of_another_process(shop: Shop) -> None:
    shop.create()
    dialect = shop.write(lambda connection: connection.dialect)
    outdated = dict(VERSIONS.setdefault(dialect, {}))
    add_campaign(shop, percent("10", "Tenth"))

    VERSIONS[dialect].update(outdated)  # as in another process
    shop.create("s2", cart_items=[line(price="60.00")])

    assert outdated[shop.application_id] == 0
    assert given(shop.session("s2")) == {"Tenth": "6.00"}
    VERSIONS[dialect].update(outdated)
    with pytest.raises(Refused):
        shop.create("s3", cart_items=[line(price="60.00")], discounts=[Discount("Tenth", Decimal(1))])
    VERSIONS[dialect].update(outdated)
    expected = None if shop.database.dialect.name == "postgresql" else "54.00"  # there, an outdated campaign can refuse
    shop.create("s4", SessionState.CLOSED, net_total=expected, cart_items=[line(price="60.00")])
    assert given(shop.session("s4")) == {"Tenth": "6.00"}


def test_concurrent_changes_of_a_code_leave_a_window_that_is_valid(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), requires="COUPON")
    code = add_code(shop, campaign, "HELLO")
    end = UpdateCoupon(application_id=shop.application_id, code_id=code, ends=shop.now)
    start = UpdateCoupon(application_id=shop.application_id, code_id=code, starts=shop.now + timedelta(days=1))
    commands = [start, end] * (MANY // 2)

    async def change() -> list[Any]:
        writes = (shop.database.write(update_coupon, shop.till, command, shop.now) for command in commands)
        return await asyncio.gather(*writes, return_exceptions=True)

    answers = shop.runner.run(change())

    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(refused) == MANY // 2
    assert all(each.refusals[0].path == ("ends",) for each in refused)
    assert len([each for each in answers if isinstance(each, WrittenRow)]) == MANY // 2
