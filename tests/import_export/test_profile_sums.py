"""A profile's closedSessions and totalSales are stored with it, and follow every change of its sessions."""

from decimal import Decimal

from shop import Shop, line, refusals, units
from transfer import disagreements, export_from, import_into

from db.domain.lifecycle import SessionState
from db.tables.columns import SCALE


def sums(shop: Shop, profile_id: str = "ada") -> tuple[int, Decimal]:
    """Return how many sales a profile has, and the sum of their totals, once the check agrees with them."""
    assert disagreements(shop) == []
    row = shop.profile(profile_id)
    return row["closed_sessions"], row["sales_whole"] + Decimal(row["sales_fraction"]) / SCALE


def test_sums_follow_the_states_of_sessions(shop: Shop) -> None:
    cart = [line(quantity=3, price="1.2345")]
    shop.create("open", profile_id="ada", cart_items=cart)
    assert sums(shop) == (0, Decimal(0))
    shop.create("sold", SessionState.CLOSED, profile_id="ada", cart_items=cart)
    assert sums(shop) == (1, Decimal("3.7035"))
    shop.close("open")
    assert sums(shop) == (2, Decimal("7.4070"))
    shop.return_items(units(0, 1), integration_id="sold")
    assert sums(shop) == (2, Decimal("7.4070"))
    shop.cancel("sold")
    assert sums(shop) == (1, Decimal("3.7035"))
    shop.cancel("open")
    assert sums(shop) == (0, Decimal(0))


def test_cancelled_open_session_never_counted(shop: Shop) -> None:
    shop.create(profile_id="ada", cart_items=[line()])
    shop.cancel()
    assert sums(shop) == (0, Decimal(0))


def test_session_counts_for_the_profile_that_it_is_closed_with(shop: Shop) -> None:
    shop.create(profile_id="ada", cart_items=[line(price="2.50")])
    shop.update(profile_id="grace")
    shop.close()
    shop.create("anonymous", SessionState.CLOSED, cart_items=[line()])
    assert (sums(shop), sums(shop, "grace")) == ((0, Decimal(0)), (1, Decimal("2.50")))


def test_refused_change_leaves_the_sums(shop: Shop) -> None:
    shop.create("s1", SessionState.CLOSED, profile_id="ada", cart_items=[line()])
    assert refusals(shop.close)
    assert refusals(shop.create, "s1", SessionState.CLOSED, profile_id="ada", cart_items=[line()])
    assert sums(shop) == (1, Decimal(1))


def test_import_adds_to_the_sums(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    for number, state in enumerate([SessionState.CLOSED, SessionState.OPEN, SessionState.CLOSED]):
        other.create(f"other {number}", state, profile_id="ada", cart_items=[line(price="99999999999999.9999")])
    shop.create("own", SessionState.CLOSED, profile_id="ada", cart_items=[line(price="0.0001")])

    for _ in range(2):
        assert not import_into(shop, export_from(other), recompute=True).failed
        assert sums(shop) == (3, Decimal("199999999999999.9999"))
