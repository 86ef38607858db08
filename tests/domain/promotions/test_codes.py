"""Codes: their comparison, their refusals, and their outcome in a session."""

from datetime import timedelta
from typing import Any

import pytest
from campaigns import AT, Input, amounts, campaign, line, off, rule, run
from hypothesis import given
from hypothesis import strategies as st

from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import (
    CampaignRequirement,
    Code,
    CodeKind,
    code_problems,
    normalize,
    requirement_problems,
    usage_limit_problems,
    window_problems,
)
from db.domain.promotions.facts import ProfileFacts

COUPON, REFERRAL = CodeKind
ME = ProfileFacts(id="me")


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("  summer-10\n", "SUMMER-10"),
        ("a b", "A B"),
        ("\u017f", None),  # the long s: its upper case is an S
        ("\u0131", None),  # the dotless i: its upper case is an I
        ("straße", None),
        ("", None),
        (" ", None),
        ("x" * 100, "X" * 100),
        ("x" * 101, None),
    ],
)
def test_codes_are_compared_trimmed_and_in_upper_case(entered: str, code: str | None) -> None:
    assert normalize(entered) == code


@given(st.text())
def test_normal_form_of_a_valid_code_is_its_own(entered: str) -> None:
    if not code_problems(entered, ()):
        normal = normalize(entered)
        assert normal is not None
        assert normalize(normal) == normal == normalize(entered.lower())


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("", "Expected 1 to 100 characters, got 0."),
        ("x" * 101, "Expected 1 to 100 characters, got 101."),
        ("   ", "Expected a code, got only blanks."),
        ("été", "Expected printable ASCII characters only."),
        ("a\n", "Expected printable ASCII characters only."),
        ("a\x7f", "Expected printable ASCII characters only."),
    ],
)
def test_invalid_code_is_refused(code: str, problem: str) -> None:
    assert [(refusal.path, refusal.message) for refusal in code_problems(code, ("code",))] == [(("code",), problem)]


def test_code_needs_a_campaign_that_requires_its_kind() -> None:
    assert not requirement_problems(COUPON, CampaignRequirement.COUPON)
    (refusal,) = requirement_problems(COUPON, CampaignRequirement.NOTHING)
    assert refusal.path == ("campaignId",)
    assert refusal.message == "Expected a campaign that requires COUPON; this one requires NOTHING."


def test_window_ends_after_it_starts() -> None:
    assert not window_problems(AT, None)
    assert not window_problems(None, AT)
    assert not window_problems(AT, AT + timedelta(milliseconds=1))
    assert [refusal.path for refusal in window_problems(AT, AT)] == [("ends",)]


def test_usage_limit_is_1_or_more() -> None:
    assert not usage_limit_problems(None)
    assert not usage_limit_problems(1)
    assert [refusal.path for refusal in usage_limit_problems(0)] == [("usageLimit",)]


def use(kind: CodeKind = COUPON, profile: ProfileFacts | None = ME, extra: Input | None = None, **code: Any) -> str:
    """Return the status of a code, and assert that the discount is given only if it is accepted."""
    content = campaign(rule(off("1.00")), requires=kind.name, **(extra or {}))
    found = Code(kind=kind, code="X", campaign_id=code.pop("campaign_id", 1), **code)
    name = kind.value
    facts: dict[str, Any] = {"profile": profile, name: "x", f"{name}_code": found}
    evaluation = run([line("10.00")], content, **facts)
    outcome = evaluation.coupon if kind is COUPON else evaluation.referral
    assert outcome is not None
    assert outcome.code == "x"
    assert bool(amounts(evaluation)) == (outcome.status.name == "ACCEPTED")
    assert outcome.message.endswith(".")
    if evaluation.redemptions:
        used = evaluation.redemptions[0].code
        assert used
        assert used.code == "X"
    return outcome.status.name


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "ACCEPTED"),
        ({"starts": AT}, "ACCEPTED"),
        ({"starts": AT + timedelta(seconds=1)}, "NOT_STARTED"),
        ({"ends": AT + timedelta(seconds=1)}, "ACCEPTED"),
        ({"ends": AT}, "ENDED"),
        ({"recipient": "me"}, "ACCEPTED"),
        ({"recipient": "you"}, "OTHER_RECIPIENT"),
        ({"recipient": "me", "profile": None}, "OTHER_RECIPIENT"),
        ({"usage_limit": 2, "used": 1}, "ACCEPTED"),
        ({"usage_limit": 2, "used": 2}, "LIMIT_REACHED"),
        ({"kind": REFERRAL, "advocate": "you"}, "ACCEPTED"),
        ({"kind": REFERRAL, "advocate": "you", "profile": None}, "ACCEPTED"),
        ({"kind": REFERRAL, "advocate": "me"}, "SELF_REFERRAL"),
        ({"kind": REFERRAL, "advocate": "me", "friend": "me"}, "SELF_REFERRAL"),
        ({"kind": REFERRAL, "advocate": "you", "friend": "me"}, "ACCEPTED"),
        ({"kind": REFERRAL, "advocate": "you", "friend": "her"}, "OTHER_RECIPIENT"),
        ({"extra": {"starts": "2027-01-01T00:00:00Z"}}, "NOT_STARTED"),
        ({"extra": {"ends": "2026-01-01T00:00:00Z"}}, "ENDED"),
        ({"campaign_id": 7, "campaign_state": CampaignState.DRAFT}, "NOT_STARTED"),
        ({"campaign_id": 7, "campaign_state": CampaignState.PAUSED}, "PAUSED"),
        ({"campaign_id": 7, "campaign_state": CampaignState.ARCHIVED}, "ENDED"),
        ({"campaign_id": 7, "campaign_state": CampaignState.ACTIVE}, "UNKNOWN"),
    ],
)
def test_status_of_a_code(fields: dict[str, Any], status: str) -> None:
    assert use(**fields) == status


def test_code_of_a_campaign_without_rules_has_no_effect() -> None:
    code = Code(kind=COUPON, code="X", campaign_id=1)
    found = run([line("5.00")], campaign(requires="COUPON"), coupon="x", coupon_code=code)
    assert found.coupon is not None
    assert found.coupon.status.name == "NO_EFFECT"


def test_code_of_a_campaign_that_only_makes_an_offer_is_accepted() -> None:
    content = campaign(rule({"offer": {"sku": "GIFT"}}), requires="COUPON")
    found = run([line("1.00")], content, coupon="x", coupon_code=Code(kind=COUPON, code="X", campaign_id=1))
    assert found.coupon is not None
    assert found.coupon.status.name == "ACCEPTED"
    assert not found.redemptions


def test_code_that_is_not_found_is_unknown_and_no_code_has_no_outcome() -> None:
    found = run([line("1.00")], coupon="x")
    assert found.coupon is not None
    assert (found.coupon.status.name, found.coupon.campaign_id) == ("UNKNOWN", None)
    assert found.referral is None


def test_code_of_the_other_kind_is_unknown() -> None:
    content = campaign(rule(off("1.00")), requires="REFERRAL")
    found = run([line("1.00")], content, coupon="x", coupon_code=Code(kind=COUPON, code="X", campaign_id=1))
    assert found.coupon is not None
    assert found.coupon.status.name == "UNKNOWN"


def test_one_rule_that_applies_is_enough_for_a_code() -> None:
    rules = [rule(off("1.00"), "a", when={"total": {"min": "99"}}), rule(off("1.00"), "b")]
    code = Code(kind=COUPON, code="X", campaign_id=1)
    found = run([line("5.00")], campaign(*rules, requires="COUPON"), coupon="x", coupon_code=code)
    assert found.coupon is not None
    assert found.coupon.status.name == "ACCEPTED"
    assert [result.outcome.name for result in found.stored_results] == ["CONDITION_FAILED", "APPLIED"]
