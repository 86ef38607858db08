"""Promotions in the operations on sessions: shown while open, redeemed at the close."""

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
    redemptions,
    set_state,
    uses,
)
from shop import Shop, fold, line, refusals, units

from db.domain.commands import AddCartItems, Discount, MergeSessions
from db.domain.errors import InvalidInput
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CodeKind
from db.domain.promotions.limit import LimitSubject
from db.domain.promotions.refusals import CouponNotAccepted, LimitReached
from db.operations.carts import add_cart_items, merge_sessions


def shares(shop: Shop) -> list[str]:
    return [f"{each.discount_share:.2f}" for each in shop.session().cart]


def test_session_is_evaluated_when_it_is_created_and_with_each_change(shop: Shop) -> None:
    add_campaign(shop, percent("10", when={"total": {"min": "50.00"}}))

    shop.create(cart_items=[line(price="60.00"), line("pear", price="50.00")])
    assert given(shop.session()) == {"rule": "11.00"}
    assert shares(shop) == ["6.00", "5.00"]

    shop.update(cart_items=[line(price="40.00")])
    assert given(shop.session()) == {}
    assert shares(shop) == ["0.00"]

    shop.upsert(cart_items=[line(price="80.00")])
    session = shop.session()
    assert given(session) == {"rule": "8.00"}
    assert session.evaluation
    assert [each["outcome"] for each in session.evaluation["campaigns"]] == ["applied"]
    assert [event["changes"].get("discounts") for event in shop.history()] == [{"rule": 11}, {}, {"rule": 8}]


def test_application_without_campaigns_has_no_evaluation(shop: Shop) -> None:
    shop.create(cart_items=[line(price="60.00")], coupon="HELLO")

    assert shop.session().evaluation is None


def test_update_that_changes_nothing_is_a_change_if_the_discounts_differ(shop: Shop) -> None:
    shop.create(cart_items=[line(price="60.00")])
    campaign = add_campaign(shop, percent("10"))

    assert shop.update().version == 2
    assert given(shop.session()) == {"rule": "6.00"}
    assert shop.update().version == 2

    set_state(shop, campaign, CampaignState.PAUSED)
    assert shop.update().version == 3
    assert given(shop.session()) == {}


def test_discounts_of_the_caller_come_first_and_stay(shop: Shop) -> None:
    add_campaign(shop, percent("10"))

    shop.create(cart_items=[line(price="60.00")], discounts=[Discount("voucher", Decimal(10))])
    assert given(shop.session()) == {"rule": "5.00", "voucher": "10.00"}

    shop.update(coupon="X")
    assert given(shop.session()) == {"rule": "5.00", "voucher": "10.00"}

    shop.update(discounts=None)
    assert given(shop.session()) == {"rule": "6.00"}


def test_label_of_an_active_rule_is_refused_for_a_new_discount_of_the_caller(shop: Shop) -> None:
    shop.create(cart_items=[line(price="60.00")], discounts=[Discount("rule", Decimal(1))])
    add_campaign(shop, percent("10"))

    shop.update(coupon="X")
    assert given(shop.session()) == {"rule": "1.00"}

    own = [Discount("other", Decimal(2)), Discount("rule", Decimal(2))]
    shop.update(discounts=own)
    problem = 'The campaign "Spring" has a rule with the label "rule".'
    refused = (InvalidInput(path=("discounts", "1", "label"), problem=problem),)
    assert refusals(shop.create, "s2", cart_items=[line(price="60.00")], discounts=own) == refused
    assert refusals(shop.upsert, "s2", cart_items=[line(price="60.00")], discounts=own) == refused


def test_close_stores_the_redemption_with_its_postings(shop: Shop) -> None:
    limits = [limit("USES", "PROFILE", "1"), limit("DISCOUNT", "CAMPAIGN", "100.00", period="DAY")]
    campaign = add_campaign(shop, percent("10"), requires="COUPON", limits=limits)
    code = add_code(shop, campaign, "Hello", usage_limit=5)
    shop.create(cart_items=[line(price="60.00"), line("pear", price="50.00")], coupon=" hello ", profile_id="ada")
    assert counters(shop) == {}

    shop.close()

    session = shop.session()
    assert given(session) == {"rule": "11.00"}
    assert counters(shop) == {(1, "ada", ""): "1.00", (2, "", "2026-03-01"): "11.00"}
    assert uses(shop) == {"Hello": 1}
    (redemption,) = redemptions(shop)
    facts = {name: redemption[name] for name in ("session_id", "campaign_id", "revision", "code_id", "amount")}
    expected = {"session_id": 1, "campaign_id": campaign, "revision": 1, "code_id": code, "amount": 11}
    assert facts == {**expected, "session_id": session.id}
    assert redemption["shares"] == [[0, 60000], [1, 50000]]
    assert postings(shop) == {(session.id, 1, "ada"): "1.00", (session.id, 2, ""): "11.00"}
    closing = shop.history()[-1]["changes"]
    assert closing["promotions"] == {
        "rule": {
            "campaign": "Spring",
            "revision": 1,
            "shares": [{"position": 0, "amount": 6}, {"position": 1, "amount": 5}],
        }
    }


def test_session_that_is_created_closed_is_redeemed(shop: Shop) -> None:
    add_campaign(shop, percent("10"), limits=[limit("USES", "PROFILE", "1")])
    cart = [line(price="60.00")]

    shop.create("s1", SessionState.CLOSED, cart_items=cart, profile_id="ada")
    shop.create("s2", SessionState.CLOSED, cart_items=cart, profile_id="ada")

    assert given(shop.session("s1")) == {"rule": "6.00"}
    assert given(shop.session("s2")) == {}
    assert counters(shop) == {(1, "ada", ""): "1.00"}
    assert "promotions" in fold(event["changes"] for event in shop.history("s1"))


def test_close_is_refused_if_a_limit_has_too_little_left(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), limits=[limit("USES", "CAMPAIGN", "1")])
    for name in ("s1", "s2"):
        shop.create(name, cart_items=[line(price="60.00")])
    shop.close("s1")

    before = shop.all_rows()
    (refusal,) = refusals(shop.close, "s2")

    assert isinstance(refusal, LimitReached)
    facts = (refusal.campaign_id, refusal.per, refusal.subject, refusal.used, refusal.max, refusal.actual_net_total)
    assert facts == (campaign, LimitSubject.CAMPAIGN, None, Decimal(1), Decimal(1), Decimal(60))
    assert shop.all_rows() == before
    shop.update("s2")
    shop.close("s2")
    assert shop.session("s2").net_total == 60


def test_used_up_code_has_no_subject(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), requires="REFERRAL")
    add_code(shop, campaign, "FRIEND", CodeKind.REFERRAL, usage_limit=1, advocate_id="eve")
    for name in ("s1", "s2"):
        shop.create(name, cart_items=[line(price="60.00")], referral="friend")
    shop.close("s1")

    (refusal,) = refusals(shop.close, "s2")

    assert isinstance(refusal, LimitReached)
    assert (refusal.per, refusal.used, refusal.max) == (None, Decimal(1), Decimal(1))


def test_discount_that_is_cut_below_what_the_session_shows_is_refused(shop: Shop) -> None:
    add_campaign(shop, off("10.00"), limits=[limit("DISCOUNT", "CAMPAIGN", "15.00", whenShort="CUT")])
    for name in ("s1", "s2"):
        shop.create(name, cart_items=[line(price="60.00")])
    shop.close("s1")

    (refusal,) = refusals(shop.close, "s2")
    assert isinstance(refusal, LimitReached)
    assert (refusal.used, refusal.max, refusal.actual_net_total) == (Decimal(10), Decimal(15), Decimal(55))

    shop.update("s2")
    shop.close("s2")
    assert given(shop.session("s2")) == {"rule": "5.00"}
    assert counters(shop) == {(1, "", ""): "15.00"}


@pytest.mark.parametrize(("coupon", "status"), [(None, None), ("OTHER", "unknown"), ("hello", "condition_failed")])
def test_close_that_requires_its_coupon_is_refused_unless_it_is_accepted(
    shop: Shop, coupon: str | None, status: str | None
) -> None:
    campaign = add_campaign(shop, percent("10", when={"total": {"min": "50.00"}}), requires="COUPON")
    add_code(shop, campaign, "HELLO")
    shop.create(cart_items=[line(price="40.00")], coupon=coupon)

    (refusal,) = refusals(shop.close, require_coupon=True)

    assert isinstance(refusal, CouponNotAccepted)
    assert (refusal.found.status.value if refusal.found else None) == status
    shop.update(cart_items=[line(price="60.00")], coupon="hello")
    shop.close(require_coupon=True)
    assert given(shop.session()) == {"rule": "6.00"}


def test_coupon_is_not_accepted_in_an_application_without_campaigns(shop: Shop) -> None:
    shop.create(cart_items=[line()], coupon="X")

    (refusal,) = refusals(shop.close, require_coupon=True)

    assert isinstance(refusal, CouponNotAccepted)
    assert refusal.message == "There is no such code."


def test_return_takes_its_part_off_discounts_and_leaves_uses(shop: Shop) -> None:
    limits = [limit("USES", "CAMPAIGN", "5"), limit("DISCOUNT", "CAMPAIGN", "100.00")]
    add_campaign(shop, percent("10"), limits=limits)
    add_campaign(shop, off("9.00", "nine"), name="Nine", rank=200, limits=[limit("DISCOUNT", "CAMPAIGN", "100.00")])
    shop.create(cart_items=[line(quantity=3, price="100.00")])
    shop.close()
    assert counters(shop) == {(1, "", ""): "1.00", (2, "", ""): "30.00", (3, "", ""): "9.00"}

    shop.return_items(units(0, 2))
    assert counters(shop) == {(1, "", ""): "1.00", (2, "", ""): "10.00", (3, "", ""): "3.00"}
    assert [f"{row['returned_amount']:.2f}" for row in redemptions(shop)] == ["20.00", "6.00"]

    shop.return_items(units(0))
    assert counters(shop) == {(1, "", ""): "1.00", (2, "", ""): "0.00", (3, "", ""): "0.00"}
    assert shop.session().net_total == 0


def test_cancellation_reverses_what_returns_have_left(shop: Shop) -> None:
    limits = [limit("USES", "CAMPAIGN", "5"), limit("DISCOUNT", "CAMPAIGN", "100.00")]
    campaign = add_campaign(shop, percent("10"), requires="COUPON", limits=limits)
    add_code(shop, campaign, "HELLO")
    for name in ("s1", "s2"):
        shop.create(name, cart_items=[line(quantity=3, price="100.00")], coupon="HELLO", profile_id="ada")
        shop.close(name)
    shop.return_items(units(0, 1))
    assert counters(shop) == {(1, "", ""): "2.00", (2, "", ""): "50.00"}

    shop.cancel()

    assert counters(shop) == {(1, "", ""): "1.00", (2, "", ""): "30.00"}
    assert uses(shop) == {"HELLO": 1}
    cancelled, other = redemptions(shop)
    assert (cancelled["reversed"], other["reversed"]) == (shop.session().cancelled, None)
    assert given(shop.session()) == {"rule": "30.00"}


def test_cancellation_of_an_open_session_reverses_nothing(shop: Shop) -> None:
    add_campaign(shop, percent("10"), limits=[limit("USES", "CAMPAIGN", "5")])
    shop.create(cart_items=[line(price="60.00")])

    shop.cancel()

    assert given(shop.session()) == {"rule": "6.00"}
    assert counters(shop) == {}
    assert shop.history()[-1]["changes"]["promotions"].keys() == {"rule"}


def test_profile_has_the_sales_before_the_session(shop: Shop) -> None:
    add_campaign(shop, percent("10", when={"profile": {"closedSessions": {"max": 0}}}))
    content: dict[str, Any] = {"cart_items": [line(price="60.00")], "profile_id": "ada"}

    shop.create("s1", **content)
    shop.create("s2", **content)
    shop.close("s1")
    shop.close("s2")

    assert given(shop.session("s1")) == {"rule": "6.00"}
    assert given(shop.session("s2")) == {}


def test_cart_commands_and_merges_are_evaluated(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), requires="COUPON")
    add_code(shop, campaign, "HELLO")
    shop.create("guest", cart_items=[line("pear", price="50.00")], coupon="hello")
    shop.create("own", cart_items=[line(price="60.00")], discounts=[Discount("voucher", Decimal(10))])

    add = AddCartItems(**shop.name("guest"), items=[line(price="30.00")])
    shop.write(add_cart_items, shop.till, add, shop.tick())
    assert given(shop.session("guest")) == {"rule": "8.00"}

    merge = MergeSessions(application_id=shop.application_id, from_integration_id="guest", into_integration_id="own")
    shop.write(merge_sessions, shop.till, merge, shop.tick())

    assert given(shop.session("own")) == {"rule": "13.00", "voucher": "10.00"}
    assert given(shop.session("guest")) == {"rule": "8.00"}
    assert shop.session("guest").state is SessionState.CANCELLED


def test_close_at_the_new_price_is_carried_out(shop: Shop) -> None:
    add_campaign(shop, percent("10"), limits=[limit("USES", "CAMPAIGN", "1")])
    for name in ("s1", "s2"):
        shop.create(name, cart_items=[line(price="60.00")])
    shop.close("s1", net_total="54")

    assert isinstance(refusals(shop.close, "s2", net_total="54")[0], LimitReached)
    shop.close("s2", net_total="60")

    assert given(shop.session("s2")) == {}
