"""Ids of cart lines when a session is created or its cart is replaced."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db.domain import session as sessions
from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType, UnknownAttributes
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import CreateSession, SessionContent
from db.domain.content import Rules
from db.domain.errors import CartLineNotFound, InvalidAttributeValue, InvalidInput, Refusal, Refused
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
COLOUR = AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="colour", type=AttributeType.STRING, editable=False)
ATTRIBUTES = AttributeRules(definitions={(COLOUR.entity, COLOUR.name): COLOUR}, unknown=UnknownAttributes.IGNORE)
RULES = Rules(minor_digits=2, rounding=RoundingMode.HALF_UP, attributes=ATTRIBUTES)


def line(sku: str = "A", quantity: int = 1, price: str = "10", **rest: Any) -> CartLine:
    """Return a line as it is sent."""
    return CartLine(sku=sku, quantity=quantity, price=Decimal(price), **rest)


def created(*lines: CartLine) -> CustomerSession:
    """Return a new session, whose lines have the ids old-0, old-1 and so on."""
    content = SessionContent(cart_items=lines)
    command = CreateSession(application_id=1, integration_id="s1", content=content)
    return sessions.create(command, RULES, NOW, "old-")


def ids(session: CustomerSession, *lines: CartLine) -> list[str | None]:
    """Return the ids of the lines after they have replaced the cart."""
    after = sessions.update(session, SessionContent(cart_items=lines), RULES, "new-")
    return [each.id for each in after.cart]


def refusals(session: CustomerSession, *lines: CartLine) -> tuple[Refusal, ...]:
    """Return the reasons for which a cart is refused."""
    with pytest.raises(Refused) as refused:
        ids(session, *lines)
    return refused.value.refusals


def test_lines_of_a_new_session_are_numbered_behind_the_prefix() -> None:
    assert [each.id for each in created(line(), line()).cart] == ["old-0", "old-1"]


def test_new_line_cannot_have_an_id() -> None:
    with pytest.raises(Refused) as refused:
        created(line(), line(id="old-1"))

    problem = "A new line gets its id from the server; leave it out."
    assert refused.value.refusals == (InvalidInput(path=("cartItems", "1", "id"), problem=problem),)


def test_line_with_an_id_stays_that_line_whatever_else_changes() -> None:
    session = created(line(), line("B"))

    assert ids(session, line("C", 3, "1", id="old-1"), line("A")) == ["old-1", "old-0"]


def test_line_without_an_id_is_the_line_that_is_equal_in_all_but_quantity() -> None:
    session = created(line(), line("B", name="Pear"), line("B"))

    assert ids(session, line("B", 7), line("A", price="10.00"), line("B", 2, name="Pear")) == [
        "old-2",
        "old-0",
        "old-1",
    ]


def test_of_equal_lines_the_one_with_the_lowest_position_is_taken_first() -> None:
    session = created(line(), line(quantity=2), line(quantity=3))

    assert ids(session, line(quantity=3), line()) == ["old-0", "old-1"]


def test_line_that_an_id_names_is_not_taken_by_an_equal_line() -> None:
    session = created(line(), line())

    assert ids(session, line(), line(id="old-0"), line()) == ["old-1", "old-0", "new-2"]


@pytest.mark.parametrize(
    "changed",
    [{"sku": "B"}, {"price": "10.01"}, {"name": ""}, {"category": "x"}, {"product_name": "x"}, {"weight": Decimal(0)}],
)
def test_line_that_differs_is_new(changed: dict[str, Any]) -> None:
    assert ids(created(line()), line(**changed)) == ["new-0"]


def test_attributes_are_compared_in_canonical_form() -> None:
    session = created(line(attributes={"colour": "red"}), line(attributes={"colour": "blue"}))

    swapped = line(attributes={"unknown": 1, "colour": "blue"}), line(attributes={"colour": "red"})

    assert ids(session, *swapped) == ["old-1", "old-0"]


def test_attribute_that_is_not_editable_cannot_be_changed_by_leaving_out_the_id() -> None:
    session = created(line(attributes={"colour": "red"}))
    blue = line(attributes={"colour": "blue"})

    for given in (blue, blue._replace(id="old-0"), line(), line(id="old-0")):
        (refusal,) = refusals(session, given)
        assert isinstance(refusal, InvalidAttributeValue)
        assert refusal.path == ("cartItems", "0", "attributes", "colour")


def test_line_added_before_another_of_its_sku_is_not_taken_for_it() -> None:
    session = created(line(attributes={"colour": "red"}))

    assert ids(session, line(attributes={"colour": "blue"}), line(id="old-0", attributes={"colour": "red"})) == [
        "new-0",
        "old-0",
    ]


def test_id_that_the_cart_does_not_have_is_refused() -> None:
    for id_ in ("other-0", ""):
        (refusal,) = refusals(created(line()), line(), line(id=id_))
        assert refusal == CartLineNotFound(
            path=("cartItems", "1", "id"), problem=f'The cart has no line with the id "{id_}".'
        )


def test_id_that_is_listed_twice_is_refused() -> None:
    assert refusals(created(line()), line(id="old-0"), line(id="old-0")) == (
        InvalidInput(path=("cartItems", "1", "id"), problem='The line "old-0" is listed twice.'),
    )


def test_cart_sent_again_changes_nothing() -> None:
    session = created(line(), line(), line("B", attributes={"colour": "red"}))
    again = [each._replace(id=None) for each in session.cart]

    assert sessions.update(session, SessionContent(cart_items=again), RULES, "new-") == session
