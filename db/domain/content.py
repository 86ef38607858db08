"""What a session has, as its owner gives it: checked, rule by rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from db.domain import cart, discounts, money, text
from db.domain.attributes import AttributeEntity, AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import UNSET, SessionContent
from db.domain.discounts import Discount
from db.domain.errors import InvalidInput, Refusal, Refused, quoted
from db.domain.money import RoundingMode

MAX_ID = 1_000
MAX_CODE = 100
MAX_IDENTIFIERS = 5
MAX_IDENTIFIER = 255
MAX_NAME = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an application decides for its sessions."""

    minor_digits: int
    rounding: RoundingMode
    attributes: AttributeRules


def checked_content(
    content: SessionContent, rules: Rules, attributes: Mapping[str, Any], held: Sequence[CartLine]
) -> dict[str, Any]:
    """What ``content`` gives a session that has these attributes and lines. Raises Refused with all that is broken."""
    found: list[Refusal] = []
    new: dict[str, Any] = {}
    if content.profile_id is not UNSET:
        found.extend(text.problems(content.profile_id or "", ("profileId",), most=MAX_ID))
        new["profile_id"] = content.profile_id or None
    for name, code in (("coupon", content.coupon), ("referral", content.referral)):
        if code is not UNSET:
            found.extend(text.problems(code or "", (name,), most=MAX_CODE))
            new[name] = code or None
    if content.identifiers is not UNSET:
        new["identifiers"] = tuple(content.identifiers or ())
        found.extend(identifier_problems(new["identifiers"]))
    if content.attributes is not UNSET:
        put = rules.attributes.replaced if content.attributes is None else rules.attributes.merged
        given, entity = content.attributes or {}, AttributeEntity.CUSTOMER_SESSION
        new["attributes"] = put(entity, attributes, given, ("attributes",), found)
    if content.cart_items is not UNSET:
        new["cart"] = checked_cart(content.cart_items or (), held, rules, found)
    if content.discounts is not UNSET:
        new["discounts"] = checked_discounts(content.discounts or (), rules, found)
    if found:
        raise Refused(*found)
    return new


def checked_cart(
    lines: Sequence[CartLine], held: Sequence[CartLine], rules: Rules, found: list[Refusal]
) -> tuple[CartLine, ...]:
    """The lines in order, with their attributes in canonical order; what is wrong is added to ``found``.

    A line that keeps its position and its sku is the line that was there: its attributes that are not editable stand.
    """
    if len(lines) > cart.MAX_LINES:
        problem = f"Expected at most {cart.MAX_LINES} lines, got {len(lines)}."
        found.append(InvalidInput(path=("cartItems",), problem=problem))
        return ()
    before = len(found)
    checked = []
    for position, line in enumerate(lines):
        path = ("cartItems", str(position))
        found.extend(line_problems(line, path))
        kept = held[position].attributes if position < len(held) and held[position].sku == line.sku else {}
        if kept or line.attributes:
            attributes = rules.attributes.replaced(
                AttributeEntity.CART_ITEM, kept, line.attributes, (*path, "attributes"), found
            )
            line = replace(line, attributes=attributes)  # noqa: PLW2901  # the line as it will be kept
        checked.append(line)
    if len(found) == before:
        units = sum(line.quantity for line in checked)
        if units > cart.MAX_UNITS:
            problem = f"Expected at most {cart.MAX_UNITS} units in all, got {units}."
            found.append(InvalidInput(path=("cartItems",), problem=problem))
        found.extend(money.problems(cart.total(checked), ("cartItems",)))
    return tuple(checked)


def line_problems(line: CartLine, path: tuple[str, ...]) -> list[Refusal]:
    """Every rule that one line breaks, but for its attributes."""
    found = [*text.problems(line.sku, (*path, "sku"), least=1, most=MAX_NAME)]
    if not 1 <= line.quantity <= cart.MAX_UNITS:
        problem = f"Expected 1 to {cart.MAX_UNITS}, got {line.quantity}."
        found.append(InvalidInput(path=(*path, "quantity"), problem=problem))
    found.extend(money.problems(line.price, (*path, "price")))
    for name, value in (("name", line.name), ("category", line.category)):
        if value is not None:
            found.extend(text.problems(value, (*path, name), most=MAX_NAME))
    if line.product_name is not None:
        found.extend(text.problems(line.product_name, (*path, "product", "name"), least=1, most=MAX_NAME))
    for name in cart.MEASURES:
        if (measure := getattr(line, name)) is not None:
            found.extend(money.problems(measure, (*path, name)))
    return found


def identifier_problems(identifiers: Sequence[str]) -> list[Refusal]:
    """Every rule that the identifiers break."""
    found: list[Refusal] = []
    if len(identifiers) > MAX_IDENTIFIERS:
        problem = f"Expected at most {MAX_IDENTIFIERS} identifiers, got {len(identifiers)}."
        return [InvalidInput(path=("identifiers",), problem=problem)]
    for index, identifier in enumerate(identifiers):
        path = ("identifiers", str(index))
        found.extend(text.problems(identifier, path, least=1, most=MAX_IDENTIFIER))
        if identifier in identifiers[:index]:
            found.append(InvalidInput(path=path, problem=f"The identifier {quoted(identifier)} stands twice."))
    return found


def checked_discounts(given: Sequence[Discount], rules: Rules, found: list[Refusal]) -> Mapping[str, Decimal]:
    """The discounts in label order; what is wrong is added to ``found``."""
    before = len(found)
    found.extend(discounts.problems(given, rules.minor_digits))
    by_label = discounts.in_label_order(given)
    if len(found) == before:
        found.extend(money.problems(discounts.total(by_label), ("discounts",)))
    return by_label
