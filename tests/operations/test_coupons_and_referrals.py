"""Operations on coupons and referrals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from promotion_commands import change_campaign, create_campaign, rows, run
from shop import Shop, refusals

from db.domain.errors import AlreadyExists, IdempotencyKeyReused, NotFound, Refusal
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.code import CodeKind, normalize
from db.domain.promotions.code_pattern import DEFAULT_CHARACTERS
from db.domain.promotions.commands import (
    CreateCoupon,
    CreateReferral,
    EndCoupons,
    GenerateCoupons,
    ImportCoupons,
    PromotionCommand,
    UpdateCampaign,
    UpdateCoupon,
    UpdateReferral,
)
from db.repository.core import APPLICATION, CODE

EARLY, LATE = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def campaign(shop: Shop) -> int:
    """A campaign that requires a coupon."""
    return create_campaign(shop, requires="COUPON")


@pytest.fixture
def friends(shop: Shop) -> int:
    """A campaign that requires a referral."""
    return create_campaign(shop, requires="REFERRAL", name="Friends")


def codes(shop: Shop) -> list[str]:
    """The codes as they were created."""
    return [row["code"] for row in rows(shop, CODE)]


def paths(found: tuple[Refusal, ...]) -> list[str]:
    """The paths of refusals."""
    return [".".join(each.path) for each in found]


def version(shop: Shop) -> int:
    """The version of the application's campaigns."""
    found: int = rows(shop, APPLICATION)[0]["campaigns_version"]
    return found


def test_coupon_is_stored_as_it_was_created(shop: Shop, campaign: int) -> None:
    written = run(
        shop,
        CreateCoupon,
        campaign_id=campaign,
        code=" Hello-1 ",
        recipient_id="ada",
        starts=EARLY,
        ends=LATE,
        usage_limit=3,
    )

    assert [*map(dict, rows(shop, CODE))] == [
        {
            "application_id": shop.application_id,
            "id": written.id,
            "kind": CodeKind.COUPON,
            "code": " Hello-1 ",
            "normalized": "HELLO-1",
            "campaign_id": campaign,
            "recipient_id": "ada",
            "advocate_id": None,
            "friend_id": None,
            "starts": EARLY,
            "ends": LATE,
            "usage_limit": 3,
            "used": 0,
            "batch": None,
            "created": shop.now,
        }
    ]


def test_code_in_other_letters_is_the_same_code(shop: Shop, campaign: int, friends: int) -> None:
    run(shop, CreateCoupon, campaign_id=campaign, code="Hello")

    assert refusals(run, shop, CreateCoupon, campaign_id=campaign, code=" hELLO") == (
        AlreadyExists(path=("code",), what='a coupon "HELLO"; case and blanks do not count'),
    )
    run(shop, CreateReferral, campaign_id=friends, code="hello", advocate_id="ada")
    assert codes(shop) == ["Hello", "hello"]


BROKEN: dict[str, tuple[type[PromotionCommand], dict[str, Any], list[str]]] = {
    "only blanks": (CreateCoupon, {"code": "   "}, ["code"]),
    "101 characters": (CreateCoupon, {"code": "A" * 101}, ["code"]),
    "not ASCII": (CreateCoupon, {"code": "HÉLLO"}, ["code"]),
    "no code": (CreateCoupon, {"code": ""}, ["code"]),
    "ends before it starts": (CreateCoupon, {"code": "A", "starts": LATE, "ends": EARLY}, ["ends"]),
    "no use": (CreateCoupon, {"code": "A", "usage_limit": 0}, ["usageLimit"]),
    "a recipient that cannot be stored": (CreateCoupon, {"code": "A", "recipient_id": "\0"}, ["recipientProfileId"]),
    "no recipient": (CreateCoupon, {"code": "A", "recipient_id": ""}, ["recipientProfileId"]),
    "everything at once": (
        CreateCoupon,
        {"code": "É", "usage_limit": 0, "starts": LATE, "ends": LATE},
        ["code", "ends", "usageLimit"],
    ),
    "no codes to generate": (GenerateCoupons, {"count": 0, "batch": "b"}, ["count"]),
    "too many to generate": (GenerateCoupons, {"count": 10_001, "batch": "b"}, ["count"]),
    "a small key space": (GenerateCoupons, {"count": 2, "batch": "b", "pattern": "X##"}, ["pattern"]),
    "a character twice": (GenerateCoupons, {"count": 2, "batch": "b", "characters": "abA"}, ["characters"]),
    "no batch": (GenerateCoupons, {"count": 2, "batch": ""}, ["batch"]),
    "no codes to import": (ImportCoupons, {"codes": [], "batch": "b"}, ["codes"]),
    "too many to import": (ImportCoupons, {"codes": ["A"] * 1_001, "batch": "b"}, ["codes"]),
    "some codes": (
        ImportCoupons,
        {"codes": ["A", "É", "b", "a ", "B"], "batch": "b"},
        ["codes.1", "codes.3", "codes.4"],
    ),
}


@pytest.mark.parametrize(("command", "fields", "expected"), BROKEN.values(), ids=BROKEN)
def test_broken_coupon_is_refused_and_nothing_is_stored(
    shop: Shop, campaign: int, command: type[PromotionCommand], fields: dict[str, Any], expected: list[str]
) -> None:
    before = shop.all_rows()

    assert paths(refusals(run, shop, command, campaign_id=campaign, **fields)) == expected

    assert shop.all_rows() == before


REFERRAL = {"code": "ANNA", "advocate_id": "anna"}
COUPONS: dict[type[PromotionCommand], dict[str, Any]] = {
    CreateCoupon: {"code": "ANNA"},
    GenerateCoupons: {"count": 1, "batch": "b"},
    ImportCoupons: {"codes": ["ANNA"], "batch": "b"},
}


def test_campaign_has_to_require_the_kind_of_code(shop: Shop, campaign: int, friends: int) -> None:
    neither = create_campaign(shop, name="Neither")

    for each in (neither, friends):
        for command, fields in COUPONS.items():
            assert paths(refusals(run, shop, command, campaign_id=each, **fields)) == ["campaignId"]
    for each in (neither, campaign):
        assert paths(refusals(run, shop, CreateReferral, campaign_id=each, **REFERRAL)) == ["campaignId"]


def test_archived_campaign_gets_no_codes(shop: Shop, campaign: int) -> None:
    change_campaign(shop, campaign, state=CampaignState.ARCHIVED)

    assert paths(refusals(run, shop, CreateCoupon, campaign_id=campaign, code="A")) == ["campaignId"]


def test_unknown_campaign_is_refused(shop: Shop, campaign: int) -> None:
    missing = (NotFound(path=("campaignId",), what="campaign with this ID"),)
    other = shop.another("Other", "EUR")

    for command, fields in {**COUPONS, EndCoupons: {"batch": "b"}, CreateReferral: REFERRAL}.items():
        assert refusals(run, shop, command, campaign_id=99, **fields) == missing
        assert refusals(run, other, command, campaign_id=campaign, **fields) == missing


def test_update_changes_what_is_given(shop: Shop, campaign: int) -> None:
    coupon = run(shop, CreateCoupon, campaign_id=campaign, code="A", recipient_id="ada", starts=EARLY, usage_limit=3).id
    before = version(shop)

    run(shop, UpdateCoupon, code_id=coupon, ends=LATE, recipient_id=None)

    (row,) = rows(shop, CODE)
    assert (row["starts"], row["ends"], row["recipient_id"], row["usage_limit"]) == (EARLY, LATE, None, 3)
    assert version(shop) == before + 1
    run(shop, UpdateCoupon, code_id=coupon, ends=LATE, usage_limit=3)
    assert version(shop) == before + 1, "nothing has changed"
    assert paths(refusals(run, shop, UpdateCoupon, code_id=coupon, starts=LATE)) == ["ends"]
    assert paths(refusals(run, shop, UpdateCoupon, code_id=coupon, usage_limit=0)) == ["usageLimit"]


def test_code_of_another_kind_or_application_cannot_be_updated(shop: Shop, campaign: int, friends: int) -> None:
    coupon = run(shop, CreateCoupon, campaign_id=campaign, code="A").id
    referral = run(shop, CreateReferral, campaign_id=friends, **REFERRAL).id
    other = shop.another("Other", "EUR")

    for place, command, code_id, what in (
        (shop, UpdateCoupon, referral, "coupon"),
        (shop, UpdateReferral, coupon, "referral"),
        (other, UpdateCoupon, coupon, "coupon"),
    ):
        assert refusals(run, place, command, code_id=code_id) == (NotFound(path=("id",), what=f"{what} with this ID"),)


def test_generated_codes_are_stored_in_order_and_follow_the_pattern(shop: Shop, campaign: int) -> None:
    generated = run(
        shop,
        GenerateCoupons,
        campaign_id=campaign,
        count=1_000,
        pattern="Summer-########",
        batch="summer",
        usage_limit=1,
    )

    assert generated.batch == "summer"
    assert codes(shop) == generated.codes == sorted(generated.codes)
    assert len({*map(normalize, generated.codes)}) == 1_000
    assert {len(code) for code in generated.codes} == {15}
    assert {code[:7] for code in generated.codes} == {"Summer-"}
    assert {*"".join(code[7:] for code in generated.codes)} == {*DEFAULT_CHARACTERS}
    assert {(row["batch"], row["usage_limit"], row["used"]) for row in rows(shop, CODE)} == {("summer", 1, 0)}


def test_codes_that_exist_are_drawn_again(shop: Shop, campaign: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = iter([0, 0, 1])
    monkeypatch.setattr("secrets.randbelow", lambda below: next(chosen))
    pattern: dict[str, Any] = {"campaign_id": campaign, "count": 1, "pattern": "##########", "characters": "AB"}
    run(shop, GenerateCoupons, batch="first", **pattern)

    assert run(shop, GenerateCoupons, batch="second", **pattern).codes == ["AAAAAAAAAB"]


def test_pattern_whose_codes_all_exist_is_refused(shop: Shop, campaign: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    every = [first + second for first in letters for second in letters]
    for half in (every[:512], every[512:]):
        run(shop, ImportCoupons, campaign_id=campaign, codes=half, batch="all")

    refused = refusals(
        run, shop, GenerateCoupons, campaign_id=campaign, count=1, pattern="##", characters=letters, batch="more"
    )

    assert paths(refused) == ["pattern"]
    assert len(codes(shop)) == len(every)


def test_repeat_of_a_generation_answers_the_same_codes(shop: Shop, campaign: int) -> None:
    fields = {"campaign_id": campaign, "count": 3, "batch": "b"}
    first = run(shop, GenerateCoupons, "key", **fields)

    assert run(shop, GenerateCoupons, "key", **fields) == replace(first, replayed=True)
    assert refusals(run, shop, GenerateCoupons, "key", **{**fields, "count": 4}) == (IdempotencyKeyReused(),)
    assert len(codes(shop)) == 3


def test_import_stores_all_codes_or_none(shop: Shop, campaign: int) -> None:
    run(shop, CreateCoupon, campaign_id=campaign, code="B")

    refused = refusals(run, shop, ImportCoupons, campaign_id=campaign, codes=["a", "b ", "c"], batch="x")
    assert refused == (AlreadyExists(path=("codes", "1"), what='a coupon "B"; case and blanks do not count'),)
    assert codes(shop) == ["B"]

    assert run(shop, ImportCoupons, campaign_id=campaign, codes=["c", "a"], batch="x").count == 2
    assert codes(shop) == ["B", "c", "a"]


def test_all_coupons_of_a_batch_end(shop: Shop, campaign: int) -> None:
    other = create_campaign(shop, name="Other", requires="COUPON")
    ended = shop.now - timedelta(days=1)
    windows: dict[str, dict[str, Any]] = {
        "open": {},
        "ended": {"ends": ended},
        "not started": {"starts": shop.now + timedelta(days=1), "ends": shop.now + timedelta(days=2)},
        "started": {"starts": ended, "ends": shop.now + timedelta(days=2)},
    }
    for name, fields in windows.items():
        run(shop, ImportCoupons, campaign_id=campaign, codes=[name], batch="x", **fields)
    run(shop, ImportCoupons, campaign_id=campaign, codes=["other batch"], batch="y")
    run(shop, ImportCoupons, campaign_id=other, codes=["other campaign"], batch="x")
    before = version(shop)

    assert run(shop, EndCoupons, campaign_id=campaign, batch="x").count == 3

    assert {row["code"]: (row["starts"], row["ends"]) for row in rows(shop, CODE)} == {
        "open": (None, shop.now),
        "ended": (None, ended),
        "not started": (None, shop.now),
        "started": (ended, shop.now),
        "other batch": (None, None),
        "other campaign": (None, None),
    }
    assert version(shop) == before + 1
    assert run(shop, EndCoupons, campaign_id=campaign, batch="x").count == 0
    assert version(shop) == before + 1, "nothing has changed"
    assert refusals(run, shop, EndCoupons, campaign_id=campaign, batch="z") == (
        NotFound(path=("batch",), what='batch "z" in this campaign'),
    )


def test_referral_is_stored_with_its_people(shop: Shop, friends: int) -> None:
    referral = run(shop, CreateReferral, campaign_id=friends, **REFERRAL, friend_id="bob", usage_limit=5).id

    run(shop, UpdateReferral, code_id=referral, friend_id="eve")

    (row,) = rows(shop, CODE)
    assert (row["kind"], row["code"], row["advocate_id"], row["friend_id"]) == (
        CodeKind.REFERRAL,
        "ANNA",
        "anna",
        "eve",
    )
    assert row["usage_limit"] == 5
    assert paths(refusals(run, shop, UpdateReferral, code_id=referral, friend_id="anna")) == ["friendProfileId"]
    assert paths(
        refusals(run, shop, CreateReferral, campaign_id=friends, advocate_id="anna", friend_id="anna", code="É")
    ) == ["code", "friendProfileId"]
    assert paths(refusals(run, shop, CreateReferral, campaign_id=friends, advocate_id="")) == ["advocateProfileId"]


def test_referral_without_a_code_gets_a_random_one(shop: Shop, friends: int) -> None:
    for _ in range(2):
        run(shop, CreateReferral, campaign_id=friends, advocate_id="anna")

    first, second = codes(shop)
    assert first != second
    assert {len(first), len(second)} == {8}


def test_repeats_of_codes_change_nothing(shop: Shop, campaign: int, friends: int) -> None:
    changes: list[tuple[type[PromotionCommand], dict[str, Any]]] = [
        (CreateCoupon, {"campaign_id": campaign, "code": "A", "ends": LATE}),
        (ImportCoupons, {"campaign_id": campaign, "codes": ["B"], "batch": "b"}),
        (EndCoupons, {"campaign_id": campaign, "batch": "b"}),
        (UpdateCoupon, {"code_id": 1, "starts": EARLY}),
        (CreateReferral, {"campaign_id": friends, **REFERRAL}),
        (UpdateReferral, {"code_id": 3, "friend_id": "bob"}),
        (UpdateCampaign, {"campaign_id": campaign, "changes": {"rank": 1}}),
    ]
    for number, (command, fields) in enumerate(changes):
        first = run(shop, command, str(number), **fields)
        before = shop.all_rows()
        assert run(shop, command, str(number), **fields) == replace(first, replayed=True)
        assert shop.all_rows() == before
