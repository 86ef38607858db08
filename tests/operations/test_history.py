"""History: one event for each change, and a session is the fold of its events."""

import json as standard_json
from decimal import Decimal

from shop import Shop, fold, line, units

from db.domain.commands import Discount
from db.domain.events import EventType, to_entity
from db.domain.lifecycle import SessionState
from db.engine import json


def live(shop: Shop) -> None:
    """Create a session with every type of event."""
    shop.create(profile_id="ada", cart_items=[line(quantity=2, price="1.50"), line("pear", price="0.125")])
    shop.update(coupon="SPRING", discounts=[Discount("spring", Decimal("0.30"))])
    shop.update(profile_id="", identifiers=["till 4"])
    shop.close()
    shop.return_items(units(0, 1))
    shop.cancel(reason="all wrong")


def test_event_has_actor_time_and_type(shop: Shop) -> None:
    live(shop)

    history = shop.history()
    assert [(event["version"], event["type"], event["changed_fields"]) for event in history] == [
        (
            1,
            EventType.CREATED,
            ["attributes", "cartItems", "coupon", "discounts", "identifiers", "profileId", "referral"],
        ),
        (2, EventType.UPDATED, ["coupon", "discounts"]),
        (3, EventType.UPDATED, ["identifiers", "profileId"]),
        (4, EventType.CLOSED, []),
        (5, EventType.ITEMS_RETURNED, ["cartItems"]),
        (6, EventType.CANCELLED, []),
    ]
    assert {event["actor"] for event in history} == {"Till"}
    assert history[-1]["occurred"] == shop.session().updated == shop.now
    assert [event["total"] for event in history] == [Decimal("3.125")] * 6
    assert [event["discount_total"] for event in history] == [Decimal(0)] + [Decimal("0.30")] * 5


def test_changes_have_only_the_new_values(shop: Shop) -> None:
    live(shop)

    updated, anonymous, closed, returned, cancelled = (event["changes"] for event in shop.history()[1:])
    assert updated == {"coupon": "SPRING", "discounts": {"spring": 0.3}, "updated": "2026-03-01T10:00:02.000Z"}
    assert anonymous == {"profileId": "", "identifiers": ["till 4"], "updated": "2026-03-01T10:00:03.000Z"}
    assert closed == {
        "state": "closed",
        "closed": "2026-03-01T10:00:04.000Z",
        "updated": "2026-03-01T10:00:04.000Z",
    }
    assert returned["returns"] == [
        {
            "version": 5,
            "created": "2026-03-01T10:00:05.000Z",
            "items": [{"position": 0, "quantity": 1, "amount": 1.35}],
            "amount": 1.35,
        }
    ]
    assert cancelled == {
        "state": "cancelled",
        "cancelled": "2026-03-01T10:00:06.000Z",
        "updated": "2026-03-01T10:00:06.000Z",
    }


def test_fold_of_the_changes_is_the_stored_session(shop: Shop) -> None:
    live(shop)

    folded = fold(event["changes"] for event in shop.history())

    assert folded == json.loads(json.dumps(to_entity(shop.session())))


def test_amounts_in_changes_are_exact_json_numbers(shop: Shop) -> None:
    shop.create(cart_items=[line(price="99999999999999.9999")])

    ((changes,),) = shop.query(
        lambda connection: connection.exec_driver_sql("SELECT CAST(changes AS TEXT) FROM session_event").all()
    )

    assert standard_json.loads(changes, parse_float=Decimal)["total"] == Decimal("99999999999999.9999")


def test_events_of_an_application_are_numbered_in_commit_order(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    shop.create("s1")
    shop.create("s2")
    other.create("s1")
    shop.update("s1", coupon="SPRING")
    shop.close("s2")

    told = [(event["id"], name) for name in ("s1", "s2") for event in shop.history(name)]
    assert [name for _, name in sorted(told)] == ["s1", "s2", "s1", "s2"]
    assert len(other.history("s1")) == 1


def test_session_created_closed_has_one_event_that_says_so(shop: Shop) -> None:
    shop.create(state=SessionState.CLOSED)

    (event,) = shop.history()
    assert (event["type"], event["state"], event["from_state"]) == (EventType.CREATED, SessionState.CLOSED, None)
    assert event["changes"]["closed"] == event["changes"]["created"]
