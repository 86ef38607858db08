"""Previews: what a session would be given, without storing anything."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from promotion_shop import add_campaign, add_code, limit, off, percent
from shop import Shop, line, refusals

from db.domain.commands import Discount, PreviewSession, SessionContent, UpdateApplication
from db.domain.errors import InvalidInput, SessionNotEditable
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState
from db.operations.applications import update_application
from db.operations.previews import preview_session

CART = [line(price="60.00"), line("pear", price="50.00")]


def preview(
    shop: Shop,
    integration_id: str | None = None,
    at: datetime | None = None,
    campaign_ids: list[int] | None = None,
    **content: Any,
) -> Mapping[str, Any]:
    command = PreviewSession(
        application_id=shop.application_id,
        integration_id=integration_id,
        content=SessionContent(**content),
        at=at,
        campaign_ids=campaign_ids,
    )
    before = shop.all_rows()
    try:
        return shop.query(preview_session, command, shop.tick())
    finally:
        assert shop.all_rows() == before


def outcomes(found: Mapping[str, Any]) -> list[str]:
    return [each["outcome"] for each in found["evaluation"]["campaigns"]]


def test_new_session_is_previewed(shop: Shop) -> None:
    add_campaign(shop, percent("10", when={"total": {"min": "100.00"}}), percent("5", "hats", lines={"skus": ["hat"]}))

    found = preview(shop, cart_items=CART)

    assert (found["total"], found["discount_total"], found["net_total"]) == (1_100_000, 110_000, 990_000)
    (discount,) = found["discounts"]
    assert (discount["label"], discount["shares"]) == ("rule", [(0, 60_000), (1, 50_000)])
    assert [line["discount_share"] for line in found["cart_items"]] == [60_000, 50_000]
    assert outcomes(found) == ["applied", "no_matching_line"]


def test_stored_session_is_previewed_with_new_content(shop: Shop) -> None:
    shop.create(cart_items=CART, profile_id="ada")
    add_campaign(shop, percent("10"))

    assert preview(shop, "s1")["discount_total"] == 110_000
    assert preview(shop, "s1", cart_items=CART[:1])["discount_total"] == 60_000
    assert preview(shop, "unknown", cart_items=CART[1:])["discount_total"] == 50_000


def test_preview_of_a_session_equals_its_change(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"), requires="COUPON", limits=[limit("USES", "PROFILE", "1")])
    add_code(shop, campaign, "HELLO")
    add_campaign(shop, off("3.00", "first", when={"firstSession": True}), name="First")
    content: dict[str, Any] = {"cart_items": CART, "profile_id": "ada", "coupon": "hello"}

    found = preview(shop, **content)
    shop.create(**content)

    assert {each["label"]: each["amount"] for each in found["discounts"]} == {"rule": 110_000, "first": 30_000}
    stored = shop.session()
    assert found["discount_total"] == stored.discount_total * 10_000
    assert stored.evaluation
    assert found["evaluation"]["coupon"] == stored.evaluation["coupon"]
    assert preview(shop, **content)["discount_total"] == 110_000


def test_chosen_campaigns_are_previewed_in_any_state_and_at_any_time(shop: Shop) -> None:
    add_campaign(shop, percent("10"))
    draft = add_campaign(
        shop, off("7.00", "draft"), name="Draft", state=CampaignState.DRAFT, starts="2030-01-01T00:00:00Z"
    )
    with_code = add_campaign(shop, off("5.00", "code"), name="Code", state=CampaignState.PAUSED, requires="COUPON")
    add_code(shop, with_code, "HELLO")

    assert outcomes(preview(shop, campaign_ids=[draft], cart_items=CART)) == ["not_started"]
    found = preview(
        shop, campaign_ids=[draft, with_code], at=datetime(2030, 1, 1, tzinfo=UTC), cart_items=CART, coupon="hello"
    )
    assert outcomes(found) == ["applied", "applied"]
    assert found["evaluation"]["at"] == "2030-01-01T00:00:00.000Z"
    assert found["evaluation"]["coupon"]["status"] == "accepted"
    assert outcomes(preview(shop, campaign_ids=[], cart_items=CART)) == []


def test_application_without_campaigns_has_a_preview(shop: Shop) -> None:
    found = preview(shop, cart_items=CART, coupon="X", discounts=[Discount("voucher", Decimal(10))])

    assert (found["discount_total"], outcomes(found)) == (100_000, [])
    assert found["evaluation"]["coupon"]["status"] == "unknown"


def test_preview_is_refused_as_the_change_would_be(shop: Shop) -> None:
    campaign = add_campaign(shop, percent("10"))
    shop.create(state=SessionState.CLOSED)

    assert refusals(preview, shop, "s1") == (SessionNotEditable(state=SessionState.CLOSED),)
    (problem,) = refusals(preview, shop, cart_items=[line(quantity=0)])
    assert problem.path == ("cartItems", "0", "quantity")
    (problem,) = refusals(preview, shop, discounts=[Discount("rule", Decimal(0))])
    assert problem.path == ("discounts", "0", "label")
    assert refusals(preview, shop, campaign_ids=[campaign, 77]) == (
        InvalidInput(path=("campaignIds", "1"), problem="There is no such campaign in this application."),
    )


def test_hours_follow_a_new_time_zone(shop: Shop) -> None:
    add_campaign(shop, percent("10", when={"hours": [{"from": "00:00", "to": "12:00"}]}))
    at = datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert outcomes(preview(shop, at=at, cart_items=CART)) == ["applied"]

    shop.write(update_application, UpdateApplication(application_id=shop.application_id, time_zone="Asia/Tokyo"))

    assert outcomes(preview(shop, at=at, cart_items=CART)) == ["condition_failed"]
