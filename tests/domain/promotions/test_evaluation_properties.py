"""Properties of the evaluation, over arbitrary carts, campaigns and limits, in currencies of 0 to 4 minor digits."""

from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import Any

from campaigns import compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from promotion_cases import Case, cases
from slow_evaluator import Slow

from db.domain.cart import total
from db.domain.money import to_units
from db.domain.promotions.evaluation import Evaluation, evaluate
from db.domain.promotions.limit import CounterKey, LimitMeasure

FEW = 40  # examples of a property that the slow evaluator's agreement implies already


def run(case: Case) -> Evaluation:
    """Evaluate a case."""
    campaigns = compiled(*case.contents, digits=case.settings.minor_digits)
    return evaluate(case.session, campaigns, case.counters, case.at, case.settings)


def run_slowly(case: Case) -> Slow:
    """Evaluate a case with the second evaluator."""
    session, digits = case.session, case.settings.minor_digits
    codes = {
        code.kind.name: {
            "campaign": code.campaign_id,
            "advocate": code.advocate,
            "for": code.recipient or code.friend,
            "limit": code.usage_limit,
            "used": code.used,
        }
        for code in (session.coupon_code, session.referral_code)
        if code
    }
    slow = Slow(
        cart=session.cart,
        manual={label: Fraction(amount) for label, amount in session.manual.items()},
        profile={"id": session.profile.id, "closed": session.profile.closed_sessions} if session.profile else None,
        identifiers=session.identifiers,
        first_session=session.first_session,
        codes=codes,
        counters={
            (key.campaign_id, key.measure.name, key.per.name, key.period.name, key.subject, key.starts): Fraction(used)
            / (1 if key.measure is LimitMeasure.USES else 10**digits)
            for key, used in case.counters.items()
        },
        at=case.at,
        zone=case.settings.time_zone,
        digits=digits,
        rounding=case.settings.rounding.name,
    )
    slow.run(dict(enumerate(case.contents, start=1)))
    return slow


@given(cases())
def test_evaluation_agrees_with_the_slow_evaluator(case: Case) -> None:
    found, slow = run(case), run_slowly(case)
    positions = range(len(case.session.cart))
    shares = {
        discount.label: [Fraction(dict(discount.allocations).get(i, 0)) for i in positions]
        for discount in found.discounts
    }
    assert shares == slow.discounts
    results = [(result.campaign_id, result.label, result.outcome.name) for result in found.results]
    assert results == slow.outcomes
    assert [(each.campaign_id, each.label) for each in found.information] == slow.information


@settings(max_examples=FEW)
@given(cases())
def test_shares_sum_and_nothing_is_negative(case: Case) -> None:
    found = run(case)
    assert all(discount.amount >= 0 for discount in found.discounts)
    for discount in found.discounts:
        assert all(allocation.amount > 0 for allocation in discount.allocations)
        assert sum(allocation.amount for allocation in discount.allocations) == discount.amount
    assert sum(discount.amount for discount in found.discounts) == sum(found.shares) == found.discount_total
    for position, share in enumerate(found.shares):
        parts = [dict(discount.allocations).get(position, 0) for discount in found.discounts]
        assert share == sum(parts)
    assert 0 <= found.discount_total <= total(case.session.cart)


@settings(max_examples=FEW)
@given(cases())
def test_no_line_gives_more_than_it_costs(case: Case) -> None:
    if not case.session.manual:  # a caller's discount may exceed a line that is cheaper than a minor unit
        for line, share in zip(case.session.cart, run(case).shares, strict=True):
            assert 0 <= share <= line.total


@settings(max_examples=FEW)
@given(cases())
def test_no_limit_is_exceeded(case: Case) -> None:
    limits = {
        (number, limit["measure"], limit["per"], limit["period"]): Decimal(limit["max"])
        for number, content in enumerate(case.contents, start=1)
        for limit in content["limits"]
    }
    for redemption in run(case).redemptions:
        assert redemption.amount > 0
        for (number, measure, per, period, *subject), amount in redemption.postings:
            used = case.counters[CounterKey(number, measure, per, period, *subject)] + amount
            digits = 0 if measure is LimitMeasure.USES else case.settings.minor_digits
            assert used <= to_units(limits[number, measure.name, per.name, period.name], digits)
            assert amount == (1 if measure is LimitMeasure.USES else to_units(redemption.amount, digits))


@settings(max_examples=FEW)
@given(cases())
def test_redemptions_sum_to_the_discounts_of_campaigns(case: Case) -> None:
    found = run(case)
    for redemption in found.redemptions:
        own = [discount for discount in found.discounts if discount.campaign_id == redemption.campaign_id]
        assert redemption.amount == sum(discount.amount for discount in own)
        assert sum(allocation.amount for allocation in redemption.allocations) == redemption.amount
    given = {discount.campaign_id for discount in found.discounts} - {None}
    assert given == {redemption.campaign_id for redemption in found.redemptions}


@settings(max_examples=FEW)
@given(cases(), st.randoms(use_true_random=False))
def test_same_input_gives_the_same_result_in_any_order(case: Case, random: Any) -> None:
    campaigns = compiled(*case.contents, digits=case.settings.minor_digits)
    random.shuffle(campaigns)
    shuffled = evaluate(case.session, campaigns, case.counters, case.at.astimezone(UTC), case.settings)
    assert repr(shuffled) == repr(run(case))
