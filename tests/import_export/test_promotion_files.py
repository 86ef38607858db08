"""Promotions in exports, imports and the check."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from promotion_shop import add_campaign, add_code, counters, given, limit, off, percent, redemptions, set_state
from shop import Shop, line, units
from sqlalchemy import Connection, update
from transfer import disagreements, export_from, file, import_into, messages, record, records_of

from db.domain.commands import Discount
from db.domain.errors import Refused
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState
from db.repository.core import CODE, DISCOUNT, LIMIT_COUNTER, POSTING, REDEMPTION

CART = [line(quantity=3, price="20.00"), line("pear", price="50.00")]
PROMOTED: dict[str, Any] = {
    "cartItems": [{"sku": "apple", "quantity": 2, "price": 1.25}],
    "discounts": {"rule": 0.5},
    "promotions": {"rule": {"campaign": "Spring", "revision": 1, "shares": [{"position": 0, "amount": 0.5}]}},
}


def open_campaigns(shop: Shop) -> None:
    limits = [limit("USES", "CAMPAIGN", "50"), limit("DISCOUNT", "PROFILE", "500.00")]
    campaign = add_campaign(shop, percent("10"), requires="COUPON", limits=limits)
    add_code(shop, campaign, "HELLO")
    add_campaign(shop, off("7.00", "nine"), name="Nine", limits=limits[:1])


def trade(shop: Shop) -> None:
    """Make a session of each kind."""
    content: dict[str, Any] = {"cart_items": CART, "profile_id": "ada", "coupon": "hello"}
    for name in ("open", "closed", "returned", "cancelled", "cancelled sale", "all returned"):
        shop.create(name, **content)
    shop.create("created closed", SessionState.CLOSED, discounts=[Discount("voucher", Decimal(3))], **content)
    for name in ("closed", "returned", "cancelled sale", "all returned"):
        shop.close(name)
    shop.return_items(units(0, 2), integration_id="returned")
    shop.return_items(units(0, 1), integration_id="cancelled sale")
    shop.return_items(units(0), units(1), integration_id="all returned")
    shop.cancel("cancelled")
    shop.cancel("cancelled sale")


def test_frozen_sessions_are_exported_and_imported_byte_for_byte(shop: Shop) -> None:
    open_campaigns(shop)
    trade(shop)
    exported = export_from(shop)
    assert not disagreements(shop)
    other, before = shop.another("Another", "EUR"), counters(shop)

    report = import_into(other, exported)

    assert (report.created, report.failed) == (7, 0)
    own = b'"applicationId":%d,' % other.application_id
    again = export_from(other).replace(own, b'"applicationId":1,').splitlines()
    open_session, *frozen = exported.splitlines()
    assert again[1:] == frozen
    assert records_of(again[0])[0]["discounts"] == {}
    assert records_of(open_session)[0]["promotions"] == {
        label: {"campaign": name, "revision": 1} for label, name in (("nine", "Nine"), ("rule", "Spring"))
    }
    assert not disagreements(other)
    assert (counters(other), redemptions(other), counters(shop)) == ({}, [], before)
    assert import_into(other, exported).unchanged == 7
    assert import_into(shop, exported).unchanged == 7


def test_open_session_is_evaluated_with_its_next_change_after_an_import(shop: Shop) -> None:
    open_campaigns(shop)
    import_into(shop, file(record(**PROMOTED | {"state": "open"})))
    assert given(shop.session()) == {}

    shop.update()

    assert given(shop.session()) == {"nine": "2.50"}


def test_imported_discount_names_the_campaign_of_this_database(shop: Shop) -> None:
    open_campaigns(shop)

    import_into(
        shop,
        file(
            record(**PROMOTED),
            record(
                "s2", **PROMOTED | {"promotions": {"rule": {**PROMOTED["promotions"]["rule"], "campaign": "Other"}}}
            ),
        ),
    )

    assert [shop.session(name).promotions[0].campaign_id for name in ("s1", "s2")] == [1, None]
    shop.return_items(units(0, 1))
    assert shop.session().net_total == 1
    shop.cancel()
    assert not disagreements(shop)


def promotion(**fields: Any) -> dict[str, Any]:
    return {
        "promotions": {
            "rule": {"campaign": "Spring", "revision": 1, "shares": [{"position": 0, "amount": 0.5}], **fields}
        }
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"promotions": {"other": {"campaign": "Spring", "revision": 1}}},
            "promotions.other: There is no discount with",
        ),
        (promotion(shares=[]), "promotions.rule.shares: Expected shares that sum to the discount 0.5, got 0."),
        (promotion(revision=0), "promotions.rule.revision: Expected 1 to 2147483647, got 0."),
        (promotion(campaign=""), "promotions.rule.campaign: Expected 1 to 100 characters, got 0."),
        (
            promotion(shares=[{"position": 1, "amount": 0.5}]),
            "promotions.rule.shares.0.position: Expected the positions",
        ),
        (promotion(shares=[{"position": 0, "amount": 0.505}]), "promotions.rule.shares.0.amount: Expected at most 2"),
        (promotion(shares=[{"position": 0}]), "promotions.rule.shares.0.amount: This field is missing."),
        (
            {"discounts": {"rule": 0.5, "voucher": 2.5}, **promotion(shares=[{"position": 0, "amount": 0.5}])},
            "discounts: The discounts sum to 3.00, more than the cart's total of 2.50.",
        ),
        (
            {
                "cartItems": [{"sku": "a", "quantity": 1, "price": 0.25}, {"sku": "b", "quantity": 1, "price": 2.25}],
                **promotion(shares=[{"position": 0, "amount": 0.5}]),
            },
            "promotions.rule.shares.0.amount: The discounts of the line exceed its total.",
        ),
    ],
)
def test_bad_promotion_is_refused(shop: Shop, fields: dict[str, Any], message: str) -> None:
    (found,) = messages(import_into(shop, file(record(**PROMOTED | fields))))

    assert found.startswith(f"line 1: {message}")


CHANGES: list[tuple[Callable[[], Any], str]] = [
    (lambda: update(LIMIT_COUNTER).values(used=Decimal(90)).filter_by(limit_id=1), "counter 1: expected 4"),
    (lambda: update(CODE).values(used=9), "used: expected 4, found 9"),
    (
        lambda: update(REDEMPTION).values(amount=Decimal(90)).filter_by(campaign_id=1, session_id=2),
        "amount: expected 11",
    ),
    (lambda: update(REDEMPTION).values(reversed=None), "reversed"),
    (lambda: update(REDEMPTION).values(returned_amount=Decimal(1)), "returnedAmount"),
    (lambda: update(REDEMPTION).values(shares=[[0, 1]]), "shares: expected 11.00, found 0.0001"),
    (
        lambda: update(POSTING).values(amount=Decimal(0)).filter_by(limit_id=1),
        "posting to counter 1: expected 1, found 0",
    ),
    (lambda: update(DISCOUNT).values(shares=[[0, 70000]]).filter_by(label="nine"), "shares"),
    (lambda: update(DISCOUNT).values(shares=[]).filter_by(label="voucher"), "discounts.voucher.shares"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES, ids=[message for _, message in CHANGES])
def test_check_finds_wrong_promotions(shop: Shop, change: Callable[[], Any], message: str) -> None:
    open_campaigns(shop)
    trade(shop)

    def write(connection: Connection) -> None:
        connection.execute(change())

    shop.write(write)

    assert any(message in each for each in disagreements(shop))


def change_at_random(shop: Shop, random: Random, campaigns: list[int]) -> None:
    """Make one change of a session or of a campaign. It may be refused."""
    name = f"s{random.randrange(12)}"
    content: dict[str, Any] = {
        "cart_items": [
            line(random.choice(["apple", "pear"]), random.randint(1, 4), random.choice(["9.99", "20.00", "0.0125"]))
            for _ in range(random.randint(0, 4))
        ],
        "profile_id": random.choice(["ada", "eve", None]),
        "coupon": random.choice(["hello", "other", None]),
        "identifiers": random.sample(["a", "b", "c"], random.randint(0, 2)),
    }
    if random.random() < 0.3:
        content["discounts"] = [Discount("voucher", Decimal(random.randint(0, 900)) / 100)]
    some = {key: value for key, value in content.items() if random.random() < 0.5}
    match random.randrange(10):
        case 0 | 1 | 2:
            shop.upsert(name, **content)
        case 3:
            shop.create(name, SessionState.CLOSED, **content)
        case 4:
            shop.update(name, **some)
        case 5 | 6:
            shop.close(name)
        case 7:
            shop.return_items(units(random.randrange(3), random.choice([None, 1, 2])), integration_id=name)
        case 8:
            shop.cancel(name)
        case 9:
            set_state(shop, random.choice(campaigns), random.choice([CampaignState.ACTIVE, CampaignState.PAUSED]))


@pytest.mark.parametrize("seed", range(4))
def test_promotions_add_up_after_any_changes_and_survive_a_transfer(shop: Shop, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not a secret
    limits = [
        limit("USES", "CAMPAIGN", "9"),
        limit("USES", "IDENTIFIER", "4", period="DAY"),
        limit("DISCOUNT", "PROFILE", "12.00", period="MONTH", whenShort="CUT"),
        limit("DISCOUNT", "CAMPAIGN", "60.00", period="WEEK", whenShort="SKIP"),
    ]
    first = {"profile": {"closedSessions": {"max": 1}}}
    campaigns = [
        add_campaign(shop, percent("10"), off("0.50", "more"), requires="COUPON", limits=limits),
        add_campaign(shop, off("2.00", "pears", lines={"skus": ["pear"]}), name="Pears", limits=limits[:1]),
        add_campaign(shop, percent("33.33", "first", when=first), name="First", bestOf="best", limits=limits[2:]),
        add_campaign(shop, off("3.00", "best"), name="Best", bestOf="best", limits=limits[3:]),
    ]
    add_code(shop, campaigns[0], "HELLO", usage_limit=8)

    for _ in range(150):
        with suppress(Refused):
            change_at_random(shop, random, campaigns)

    assert redemptions(shop)
    assert not disagreements(shop)
    other = shop.another("Another", "EUR")
    exported = export_from(shop)
    assert import_into(other, exported).failed == 0
    assert not disagreements(other)
    own = b'"applicationId":%d,' % other.application_id
    again = export_from(other).replace(own, b'"applicationId":1,')
    frozen = [each for each in exported.splitlines() if b'"state":"open"' not in each]
    assert [each for each in again.splitlines() if b'"state":"open"' not in each] == frozen
