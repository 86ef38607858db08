"""returnItems."""

from decimal import Decimal

from shop import Shop, line, refusals, units

from db.domain.cart import LineName, ReturnedItem, ReturnRequest
from db.domain.commands import Discount
from db.domain.errors import CartLineNotFound, ReturnExceedsRemaining
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode


def bought(shop: Shop) -> None:
    """Create a session of three apples at 1.00 and one pear at 2.00, with a discount of 1.00."""
    shop.create(
        state=SessionState.CLOSED,
        cart_items=[line(quantity=3), line("pear", price="2.00")],
        discounts=[Discount("spring", Decimal("1.00"))],
    )


def test_return_is_stored_with_the_version_it_made(shop: Shop) -> None:
    bought(shop)

    outcome = shop.return_items(units(0, 2), ReturnRequest(LineName(sku="pear"), None))

    session = shop.session()
    (made,) = session.returns
    assert outcome.version == session.version == made.version == 2
    assert made.created == shop.now
    assert made.items == (ReturnedItem(0, 2, Decimal("1.60")), ReturnedItem(1, 1, Decimal("1.60")))
    assert made.amount == session.returned_total == Decimal("3.20")
    assert [each.returned_quantity for each in session.cart] == [2, 1]


def test_completely_returned_session_is_partially_returned_with_net_total_zero(shop: Shop) -> None:
    bought(shop)

    for item in (units(0, 1), units(1), units(0)):
        shop.return_items(item)

    session = shop.session()
    assert session.state is SessionState.PARTIALLY_RETURNED
    assert [each.remaining_quantity for each in session.cart] == [0, 0]
    assert session.net_total == 0
    assert [made.version for made in session.returns] == [2, 3, 4]


def test_free_item_can_be_returned(shop: Shop) -> None:
    shop.create(state=SessionState.CLOSED, cart_items=[line(price="0")])

    shop.return_items(units(0))

    assert [made.amount for made in shop.session().returns] == [0]


def test_return_of_more_than_remains_is_refused_and_writes_nothing(shop: Shop) -> None:
    bought(shop)
    shop.return_items(units(0, 2))
    before = shop.all_rows()

    (refusal,) = refusals(shop.return_items, units(1, 1), units(0, 2))

    assert refusal == ReturnExceedsRemaining(path=("items", "1", "quantity"), position=0, requested=2, remaining=1)
    assert shop.all_rows() == before


def test_return_of_a_missing_line_is_refused(shop: Shop) -> None:
    bought(shop)
    before = shop.all_rows()

    (refusal,) = refusals(shop.return_items, ReturnRequest(LineName(sku="plum"), 1))

    assert isinstance(refusal, CartLineNotFound)
    assert refusal.path == ("items", "0", "line", "sku")
    assert shop.all_rows() == before


def test_return_is_rounded_by_the_rounding_mode_of_the_application(shop: Shop) -> None:
    down = shop.another("Down", "EUR", rounding_mode=RoundingMode.DOWN)

    for each in (shop, down):
        each.create(
            state=SessionState.CLOSED, cart_items=[line(quantity=4)], discounts=[Discount("x", Decimal("0.02"))]
        )
        each.return_items(units(0, 1))

    assert shop.session().returned_total == Decimal("0.99")
    assert down.session().returned_total == Decimal("1.00")
