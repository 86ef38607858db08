"""Outcomes of an evaluation: each reason, groups, limits, and the caller's discounts."""

from datetime import UTC, timedelta
from decimal import Decimal

import pytest
from campaigns import AT, Input, amounts, campaign, explained, line, off, only, outcomes, percent, rule, run, shares

from db.domain.promotions.campaign_result import CAMPAIGN_MESSAGES, CampaignOutcome
from db.domain.promotions.code_outcome import CODE_MESSAGES, CodeStatus
from db.domain.promotions.facts import ProfileFacts
from db.domain.promotions.reward import Message, Offer
from db.domain.promotions.rule import label_problems

CART = [line("10.00", 2), line("30.00")]
ME = ProfileFacts(id="me")
NOON = "2026-03-29T12:00:00.000Z"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"starts": "2026-03-29T13:00:00Z"}, ("NOT_STARTED", "starts", "2026-03-29T13:00:00.000Z", NOON)),
        ({"starts": "2026-03-29T12:00:00Z"}, ("APPLIED", "", None, None)),
        ({"ends": "2026-03-29T12:00:00Z"}, ("ENDED", "ends", NOON, NOON)),
        ({"ends": "2026-03-29T12:00:00.001Z"}, ("APPLIED", "", None, None)),
        ({"requires": "COUPON"}, ("NO_CODE", "requires", "COUPON", None)),
        ({"requires": "REFERRAL"}, ("NO_CODE", "requires", "REFERRAL", None)),
    ],
)
def test_reason_of_a_whole_campaign(fields: Input, expected: tuple[str, str, str | None, str | None]) -> None:
    result = only(CART, campaign(rule(off("1.00")), **fields))
    assert explained(result) == expected
    assert result.label == (None if expected[1] else "rule")


def test_stop_excludes_what_comes_later_only_if_it_gave_something() -> None:
    stop, later = campaign(rule(off("1.00"), "a"), stacking="STOP"), campaign(rule(off("1.00"), "b"))
    message = campaign(rule({"message": {"text": "Hi"}}, "m"), stacking="STOP")
    assert outcomes(run(CART, stop, later)) == ["APPLIED", "STOPPED"]
    assert outcomes(run(CART, message, later)) == ["APPLIED", "APPLIED"]
    assert outcomes(run([], stop, later)) == ["NO_MATCHING_LINE", "NO_MATCHING_LINE"]


def test_only_the_stop_of_a_groups_winner_counts() -> None:
    loser = campaign(rule(off("1.00"), "a"), stacking="STOP", bestOf="group")
    winner, later = campaign(rule(off("2.00"), "b"), bestOf="group"), campaign(rule(off("1.00"), "c"))
    found = run(CART, loser, winner, later)
    assert outcomes(found) == ["BETTER_OFFER", "APPLIED", "APPLIED"]
    assert explained(found.results[0]) == ("BETTER_OFFER", "bestOf", "2.00", "1.00")


def test_member_of_a_group_that_only_makes_a_message_does_not_compete() -> None:
    message = campaign(rule({"message": {"text": "Hi"}}, "a"), bestOf="group")
    both = campaign(rule({"message": {"text": "Less"}}, "b"), rule(off("1.00"), "c"), bestOf="group")
    best = campaign(rule(off("2.00"), "d"), bestOf="group")
    found = run(CART, message, both, best)
    assert outcomes(found) == ["APPLIED", "BETTER_OFFER", "APPLIED"]
    assert [each.label for each in found.information] == ["a"]


def test_offers_and_messages_apply_without_an_amount() -> None:
    rules = [
        rule({"offer": {"sku": "GIFT", "quantity": 2}}, "a"),
        rule({"message": {"text": "Hi"}}, "b", lines={"skus": ["A"]}),
        rule({"message": {"text": "Hi"}}, "c", lines={"skus": ["none"]}),
    ]
    found = run(CART, campaign(*rules))
    assert [(each.campaign_id, each.label, each.content) for each in found.information] == [
        (1, "a", Offer("GIFT", 2)),
        (1, "b", Message("Hi")),
    ]
    assert outcomes(found) == ["APPLIED", "APPLIED", "NO_MATCHING_LINE"]
    assert not found.discounts
    assert outcomes(run([], campaign(rules[0]))) == ["APPLIED"]


def test_label_of_a_manual_discount_or_of_an_earlier_campaign_is_taken() -> None:
    content = campaign(rule(off("1.00"), "a"), rule(off("2.00"), "b"))
    found = run(CART, content, manual={"a": "0.00"})
    assert outcomes(found) == ["LABEL_TAKEN", "APPLIED"]
    assert amounts(found) == {"a": "0.00", "b": "2.00"}
    assert outcomes(run(CART, content, content)) == ["APPLIED", "APPLIED", "LABEL_TAKEN", "LABEL_TAKEN"]


def test_manual_discounts_are_cut_to_the_total_from_the_last_label_on() -> None:
    found = run([line("10.005")], manual={"c": "5.00", "a": "6.00", "b": "3.00"})
    assert amounts(found) == {"a": "6.00", "b": "3.00", "c": "1.00"}
    assert shares(found) == ["10.00"]


def test_discounts_never_exceed_the_total_where_a_manual_share_exceeds_its_line() -> None:
    # The share of 0.01 is more than the line of 0.005; the other lines could give the difference once more
    found = run([line("0.005"), line("1.00"), line("0.014")], campaign(rule(percent("100"))), manual={"m": "1.01"})
    assert shares(found) == ["0.01", "0.99", "0.01"]
    assert amounts(found) == {"m": "1.01"}


def test_full_line_is_passed_over() -> None:
    # 1.505 is rounded to 1.51, but the lines have only 1.50 in whole minor units
    found = run([line("1.00"), line("0.005"), line("0.50")], campaign(rule(percent("100"))))
    assert shares(found) == ["1.00", "0.00", "0.50"]


def test_unit_serves_once_in_buy_and_get() -> None:
    # The one unit that is bought is the cheapest of getLines, too: the other one is reduced
    cart = [line("1.00", sku="A"), line("5.00", sku="B")]
    reward = {"buyGet": {"buy": 1, "get": 1, "getLines": {"skus": ["A", "B"]}}}
    assert shares(run(cart, campaign(rule(reward, lines={"skus": ["A"]})))) == ["0.00", "5.00"]
    assert outcomes(run(cart[:1], campaign(rule(reward)))) == ["NO_EFFECT"]


def test_buy_and_get_takes_the_lowest_priced_units_a_number_of_times() -> None:
    cart = [line("3.00", 2), line("2.00", 3), line("2.00", 1)]
    assert shares(run(cart, campaign(rule({"buyGet": {"buy": 1, "get": 1}})))) == ["0.00", "6.00", "0.00"]
    once = {"buyGet": {"buy": 1, "get": 1, "times": 1, "percentOff": "50"}}
    assert shares(run(cart, campaign(rule(once)))) == ["0.00", "1.00", "0.00"]


def test_unit_is_worth_its_part_of_the_lines_net() -> None:
    rules = [rule(off("1.00"), "a"), rule({"buyGet": {"buy": 2, "get": 1}}, "b")]
    assert amounts(run([line("5.00", 3)], campaign(*rules))) == {"a": "1.00", "b": "4.67"}


def test_amount_off_each_is_at_most_the_net_of_a_line() -> None:
    found = run([line("1.00", 2), line("9.00", 2)], campaign(rule({"amountOffEach": {"amount": "2.50"}})))
    assert shares(found) == ["2.00", "5.00"]


def test_stored_results_leave_out_conditions_that_fail() -> None:
    fails = campaign(rule(off("1.00"), "a", when={"total": {"min": "999"}}))
    found = run(CART, fails, campaign(rule(off("1.00"), "b")))
    assert [result.label for result in found.stored_results] == ["b"]


def test_every_outcome_and_status_has_a_message() -> None:
    assert CAMPAIGN_MESSAGES.keys() == set(CampaignOutcome)
    assert CODE_MESSAGES.keys() == set(CodeStatus)
    message = only(CART, campaign(rule(off("1.00"), when={"total": {"min": "99"}}))).message
    assert message == "The session does not meet the condition. rules, 0, when, total, min: needs 99.00, has 50.00."
    assert only(CART, campaign(rule(off("1.00"), when={"profileIds": ["a"]}))).message.endswith(
        'needs "a", has nothing.'
    )
    assert only(CART, campaign(rule(off("1.00")))).message == "The rule applies."


def test_label_of_another_campaign_is_refused() -> None:
    (refusal,) = label_problems(["a", "b"], {"b": "Summer", "c": "Winter"})
    assert refusal.path == ("rules", "1", "label")
    assert refusal.message == 'The campaign "Summer" has a rule with the label "b".'


def test_redemption_sums_the_shares_of_its_rules() -> None:
    found = run(CART, campaign(rule(off("1.00"), "a"), rule(off("2.00"), "b", lines={"price": {"min": "20"}})))
    (redemption,) = found.redemptions
    assert redemption.amount == 3
    assert redemption.allocations == ((0, Decimal("0.40")), (1, Decimal("2.60")))
    assert found.at == AT
    assert run(CART, at=AT + timedelta(days=1), zone=UTC, profile=ME).discounts == ()
