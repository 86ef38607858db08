"""closeSession and cancelSession."""

from decimal import Decimal
from typing import Any

from promotion_commands import change_campaign, create_campaign, percent_off
from shop import Shop, line, refusals

from db.domain.commands import Discount
from db.domain.errors import InvalidInput, NetTotalChanged, SessionNotFound, TotalChanged, VersionConflict
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState


def test_change_of_a_missing_session_is_refused(shop: Shop) -> None:
    for change in (shop.close, shop.cancel, lambda name: shop.return_items(integration_id=name)):
        assert refusals(change, "nowhere") == (SessionNotFound(integration_id="nowhere"),)


def test_session_is_closed_with_the_expected_amounts(shop: Shop) -> None:
    shop.create(cart_items=[line(price="9.99", quantity=2)], discounts=[Discount("spring", Decimal(1))])

    outcome = shop.close(total="19.980", net_total="18.98", version=1)

    assert outcome.version == 2
    assert shop.session().closed == shop.now


def test_closing_with_other_amounts_is_refused(shop: Shop) -> None:
    created = shop.create(cart_items=[line(price="9.99", quantity=2)], discounts=[Discount("spring", Decimal(1))])
    before = shop.all_rows()

    facts: dict[str, Any] = {
        "minor_digits": 2,
        "application_id": shop.application_id,
        "session_id": created.session_id,
    }
    assert refusals(shop.close, total="9.99") == (
        TotalChanged(expected_total=Decimal("9.99"), actual_total=Decimal("19.98"), **facts),
    )
    assert refusals(shop.close, net_total="19.98") == (
        NetTotalChanged(expected_net_total=Decimal("19.98"), actual_net_total=Decimal("18.98"), **facts),
    )
    (invalid,) = refusals(shop.close, net_total="sNaN")
    assert (type(invalid), invalid.path) == (InvalidInput, ("expectedNetTotal",))
    assert shop.all_rows() == before


def test_session_is_created_closed_only_with_the_expected_net_total(shop: Shop) -> None:
    before = shop.all_rows()

    (refusal,) = refusals(shop.create, state=SessionState.CLOSED, net_total="1.00", cart_items=[line(price="9.99")])

    assert (type(refusal), refusal.path) == (InvalidInput, ("expectedNetTotal",))
    assert shop.all_rows() == before
    shop.create(state=SessionState.CLOSED, net_total="9.990", cart_items=[line(price="9.99")])
    assert shop.session().closed == shop.now


def test_net_total_is_compared_after_promotions_are_evaluated(shop: Shop) -> None:
    campaign_id = create_campaign(shop, percent_off("10"))
    shop.create(cart_items=[line(price="10.00")])
    assert shop.session().net_total == 9
    change_campaign(shop, campaign_id, state=CampaignState.ARCHIVED)

    (refusal,) = refusals(shop.close, net_total="9.00")

    assert isinstance(refusal, NetTotalChanged)
    assert refusal.actual_net_total == 10
    shop.close(net_total="10.00")
    assert shop.session().net_total == 10


def test_version_is_checked_before_total_and_state(shop: Shop) -> None:
    created = shop.create()
    shop.cancel()
    conflict = VersionConflict(
        expected_version=1, actual_version=2, application_id=shop.application_id, session_id=created.session_id
    )

    assert refusals(shop.close, total="1.00", version=1) == (conflict,)
    assert refusals(shop.cancel, reason="x" * 1001, version=1) == (conflict,)


def test_reason_of_a_cancellation_is_stored_in_its_event(shop: Shop) -> None:
    shop.create()

    shop.cancel(reason="changed my mind")

    session, event = shop.session(), shop.history()[-1]
    assert (session.state, session.cancelled) == (SessionState.CANCELLED, shop.now)
    assert (event["reason"], event["from_state"]) == ("changed my mind", SessionState.OPEN)


def test_reason_that_is_too_long_is_refused(shop: Shop) -> None:
    shop.create()
    problem = "Expected at most 1000 characters, got 1001."

    assert refusals(shop.cancel, reason="x" * 1001) == (InvalidInput(path=("reason",), problem=problem),)
    assert shop.session().version == 1
