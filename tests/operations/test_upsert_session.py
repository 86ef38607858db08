"""upsertSession."""

from shop import Shop, line, refusals

from db.domain.errors import SessionNotEditable
from db.domain.lifecycle import SessionState


def test_first_upsert_creates_and_second_updates(shop: Shop) -> None:
    first, second = shop.upsert(coupon="SPRING"), shop.upsert(cart_items=[line()])

    assert (first.created, first.version) == (True, 1)
    assert (second.created, second.version) == (False, 2)
    assert shop.session().coupon == "SPRING"
    assert [event["type"] for event in shop.history()] == ["created", "updated"]


def test_upsert_of_a_session_that_is_not_open_is_refused(shop: Shop) -> None:
    shop.create(state=SessionState.CLOSED)
    before = shop.all_rows()

    assert refusals(shop.upsert, coupon="SPRING") == (SessionNotEditable(state=SessionState.CLOSED),)

    assert shop.all_rows() == before
