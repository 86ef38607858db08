"""closeSession and cancelSession: the end of a purchase, good or bad."""

from decimal import Decimal

from shop import Shop, line, refusals

from db.domain.errors import InvalidInput, SessionNotFound, TotalChanged, VersionConflict
from db.domain.lifecycle import SessionState


def test_a_session_that_does_not_exist_is_not_found(shop: Shop) -> None:
    for change in (shop.close, shop.cancel, lambda name: shop.take_back(integration_id=name)):
        assert refusals(change, "nowhere") == (SessionNotFound(integration_id="nowhere"),)


def test_closing_with_the_total_that_was_seen_closes(shop: Shop) -> None:
    shop.create(cart_items=[line(price="9.99", quantity=2)])

    outcome = shop.close(total="19.980", version=1)

    assert outcome.version == 2
    assert shop.session().closed == shop.now


def test_nobody_is_charged_for_a_cart_they_did_not_see(shop: Shop) -> None:
    shop.create(cart_items=[line(price="9.99", quantity=2)])
    before = shop.everything()

    (refusal,) = refusals(shop.close, total="9.99")

    assert refusal == TotalChanged(expected=Decimal("9.99"), actual=Decimal("19.98"), minor_digits=2)
    assert shop.everything() == before


def test_the_version_is_checked_before_the_total_and_before_the_state(shop: Shop) -> None:
    created = shop.create()
    shop.cancel()
    conflict = VersionConflict(expected=1, actual=2, application_id=shop.application_id, session_id=created.session_id)

    assert refusals(shop.close, total="1.00", version=1) == (conflict,)
    assert refusals(shop.cancel, reason="x" * 1001, version=1) == (conflict,)


def test_the_reason_of_a_cancellation_is_kept_by_its_event(shop: Shop) -> None:
    shop.create()

    shop.cancel(reason="changed my mind")

    session, event = shop.session(), shop.history()[-1]
    assert (session.state, session.cancelled) == (SessionState.CANCELLED, shop.now)
    assert (event["reason"], event["from_state"]) == ("changed my mind", SessionState.OPEN)


def test_a_reason_that_is_too_long_is_refused(shop: Shop) -> None:
    shop.create()
    problem = "Expected at most 1000 characters, got 1001."

    assert refusals(shop.cancel, reason="x" * 1001) == (InvalidInput(path=("reason",), problem=problem),)
    assert shop.session().version == 1
