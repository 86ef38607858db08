"""Worked cases of promotions. A case names the product whose documentation or issue it was taken from."""

from decimal import Decimal
from typing import Any

import pytest
from campaigns import amounts, campaign, line, off, outcomes, percent, rule, run, shares

from db.domain.cart import LineName, ReturnRequest, return_items
from db.domain.money import RoundingMode
from db.domain.promotions.allocation import return_shares
from db.domain.promotions.evaluation import Evaluation
from db.domain.promotions.limit import CounterKey, LimitMeasure, LimitPeriod, LimitSubject


def pay(evaluation: Evaluation, total: str) -> Decimal:
    """Return the net total."""
    return Decimal(total) - evaluation.discount_total


@pytest.mark.parametrize(
    ("ranks", "stacking", "due"), [((1, 2), "STACK", "72.00"), ((2, 1), "STACK", "70.00"), ((2, 1), "STOP", "80.00")]
)
def test_campaigns_apply_in_the_order_of_their_ranks(ranks: tuple[int, int], stacking: str, due: str) -> None:
    # 1. Sylius, priorities of cart promotions
    ten = campaign(rule(off("10.00"), "ten"), rank=ranks[0])
    twenty = campaign(rule(percent("20"), "twenty"), rank=ranks[1], stacking=stacking)
    assert pay(run([line("100.00")], ten, twenty), "100.00") == Decimal(due)


def test_condition_of_the_total_sees_the_cart_before_discounts() -> None:
    # 2. Sylius, complex promotions
    jackets = campaign(rule(percent("20"), "jackets", lines={"categories": ["jackets"]}), rank=1)
    fifty = campaign(rule(off("50.00"), "fifty", when={"total": {"min": "500.00"}}), rank=2)
    found = run([line("100.00", 7, "jackets")], jackets, fifty)
    assert amounts(found) == {"jackets": "140.00", "fifty": "50.00"}
    assert pay(found, "700.00") == 510


@pytest.mark.parametrize(("shirts", "total", "due"), [(1, "130.00", "70.00"), (2, "250.00", "120.00")])
def test_condition_of_the_net_sees_what_earlier_campaigns_left(shirts: int, total: str, due: str) -> None:
    # 3. Sylius, changing the context
    half = campaign(rule(percent("50"), "half", lines={"categories": ["shirts"]}), rank=1)
    free = rule({"fixedPrice": {"price": "0"}}, "free", when={"net": {"min": "100.00"}}, lines={"categories": ["ship"]})
    cart = [line("120.00", shirts, "shirts"), line("10.00", 1, "ship")]
    assert pay(run(cart, half, campaign(free, rank=2)), total) == Decimal(due)


def test_percentage_is_spread_in_proportion_to_nets() -> None:
    # 4. Salesforce, proration
    cart = [line("60.00", sku="A"), line("50.00", sku="B")]
    fifteen = campaign(rule(percent("15"), "fifteen", when={"total": {"min": "100.00"}}), rank=2)
    of_net = campaign(rule(percent("15"), "fifteen", when={"net": {"min": "105.00"}}), rank=2)
    ten = campaign(rule(off("10.00"), "ten", lines={"skus": ["A"]}), rank=1)
    found = run(cart, fifteen)
    assert shares(found) == ["9.00", "7.50"]
    assert pay(found, "110.00") == Decimal("93.50")
    assert pay(run(cart, ten, fifteen), "110.00") == 85
    assert pay(run(cart, ten, of_net), "110.00") == 100


def test_each_rule_applies_to_what_the_one_before_left() -> None:
    # 5. Voucherify, stacking
    rules = rule(off("1.00"), "one"), rule(percent("20"), "twenty"), rule(off("80.00"), "eighty")
    found = run([line("2000.00")], campaign(*rules))
    assert amounts(found) == {"one": "1.00", "twenty": "399.80", "eighty": "80.00"}
    assert pay(found, "2000.00") == Decimal("1519.20")


def test_amount_is_spread_over_matching_lines_alone() -> None:
    # 6. Voucherify, discount effects
    cart = [line("5.00"), line("20.00", 1, "mug"), line("80.00", 1, "pen"), line("7.00")]
    found = run(cart, campaign(rule(off("10.00"), lines={"categories": ["mug", "pen"]})))
    assert shares(found) == ["0.00", "2.00", "8.00", "0.00"]


def test_sum_is_rounded_once() -> None:
    # 7. A percentage of each line, rounded by itself, would sum to 1.03
    found = run([line("1.06"), line("2.06"), line("3.06"), line("4.06")], campaign(rule(percent("10"))))
    assert amounts(found) == {"rule": "1.02"}
    assert shares(found) == ["0.11", "0.21", "0.30", "0.40"]


def test_amount_is_spread_by_largest_remainder() -> None:
    # 8. Vendure, proration of order-level discounts
    found = run([line("43.00"), line("14.00"), line("23.00")], campaign(rule(off("2.99"))))
    assert shares(found) == ["1.61", "0.52", "0.86"]


@pytest.mark.parametrize(("units", "amount"), [(4, "5.00"), (5, "5.00"), (8, "10.00")])
def test_buy_two_get_two(units: int, amount: str) -> None:
    # 9. Medusa, buy-get promotions
    assert amounts(run([line("2.50", units)], campaign(rule({"buyGet": {"buy": 2, "get": 2}})))) == {"rule": amount}


def returned(cart: list[Any], position: int, quantity: int) -> Decimal:
    """Return the refund of units of a line, and keep the line as it is after the return."""
    request = ReturnRequest(LineName(position=position), quantity)
    lines, items = return_items(cart, [request], Decimal(1000), RoundingMode.HALF_UP, 2)
    cart[:] = lines
    return items[0].amount


def test_returned_units_take_their_part_of_the_discount() -> None:
    # 10. Sonata #177
    share = run([line("100.00", 3)], campaign(rule(percent("10")))).shares[0]
    cart = [line("100.00", 3, discount_share=share)]
    assert returned(cart, 0, 2) == 180
    assert returned(cart, 0, 1) == 90


def test_returned_line_takes_its_share_of_the_discount() -> None:
    # 10. PrestaShop #42502
    prices = ["150.00", "60.00"]
    found = run([line(price) for price in prices], campaign(rule(percent("20"))))
    cart = [line(price, discount_share=share) for price, share in zip(prices, found.shares, strict=True)]
    assert returned(cart, 0, 1) == 120


def test_manual_discounts_split_the_shares_of_their_sum() -> None:
    # 11. Each spread by itself would put both on the first line
    found = run([line("1.00"), line("1.00")], manual={"x": "0.01", "y": "0.01"})
    assert shares(found) == ["0.01", "0.01"]
    assert [discount.allocations for discount in found.discounts] == [((0, Decimal("0.01")),), ((1, Decimal("0.01")),)]


def test_fixed_price_is_spread_by_the_reductions() -> None:
    # 12. The reductions are 5.00 and 1.00
    reward = {"fixedPrice": {"price": "5.00"}}
    found = run([line("10.00"), line("6.00")], campaign(rule(reward, maxAmount="3.00")))
    assert shares(found) == ["2.50", "0.50"]


def test_fixed_price_above_the_net_has_no_effect() -> None:
    # 13. The line costs 4.00 already
    six = campaign(rule(off("6.00"), "six"), rank=1)
    found = run([line("10.00")], six, campaign(rule({"fixedPrice": {"price": "5.00"}}), rank=2))
    assert amounts(found) == {"six": "6.00"}
    assert outcomes(found) == ["APPLIED", "NO_EFFECT"]


def test_group_acts_at_the_place_of_its_first_member() -> None:
    # 14. The member of rank 3 sees the cart as it is before the campaign of rank 2
    first = campaign(rule(off("1.00"), "first"), rank=1, bestOf="group")
    between = campaign(rule(percent("50"), "between"), rank=2)
    last = campaign(rule(percent("10"), "last"), rank=3, bestOf="group")
    found = run([line("100.00")], first, between, last)
    assert amounts(found) == {"last": "10.00", "between": "45.00"}
    assert outcomes(found) == ["BETTER_OFFER", "APPLIED", "APPLIED"]


def test_cut_comes_before_skip() -> None:
    # 15. CUT with 2.00 left, SKIP with 3.00 left
    limits = [
        {"measure": "DISCOUNT", "per": "CAMPAIGN", "max": "3.00"},
        {"measure": "DISCOUNT", "per": "CAMPAIGN", "period": "DAY", "max": "5.00", "whenShort": "CUT"},
    ]
    key = CounterKey(1, LimitMeasure.DISCOUNT, LimitSubject.CAMPAIGN, LimitPeriod.DAY, None, "2026-03-29")
    found = run([line("100.00")], campaign(rule(off("10.00")), limits=limits), counters={key: 300})
    assert amounts(found) == {"rule": "2.00"}
    assert outcomes(found) == ["CUT"]


def test_line_below_a_minor_unit_gives_nothing() -> None:
    # 16. The sum of both would be one cent, but no line can give it
    found = run([line("0.0050"), line("0.0050")], campaign(rule(percent("100"))))
    assert amounts(found) == {}
    assert outcomes(found) == ["NO_EFFECT"]


@pytest.mark.parametrize(("rounding", "expected"), [("HALF_UP", {"rule": "1"}), ("DOWN", {})])
def test_currency_without_minor_units_is_rounded_to_whole_units(rounding: str, expected: dict[str, str]) -> None:
    # 17. JPY
    found = run([line("5")], campaign(rule(percent("10"))), digits=0, rounding=RoundingMode[rounding])
    assert amounts(found) == expected
    assert outcomes(found) == (["APPLIED"] if expected else ["NO_EFFECT"])


def test_return_is_split_over_the_discounts_of_the_line() -> None:
    # 18. Half of each share, rounded by itself, would be two cents
    cent = Decimal("0.01")
    two_units = line("1.00", 2, discount_share=2 * cent)
    assert return_shares(two_units, 1, [cent, cent], RoundingMode.HALF_UP, 2) == [cent, 0]
    one_returned = line("1.00", 2, discount_share=2 * cent, returned_quantity=1)
    assert return_shares(one_returned, 1, [Decimal(0), cent], RoundingMode.HALF_UP, 2) == [0, cent]
