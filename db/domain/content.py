"""Validation of a session's content: profile, codes, identifiers, attributes, cart and discounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from db.domain import cart, money, text
from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.commands import UNSET, Discount, SessionContent
from db.domain.errors import InvalidInput, Refusal, Refused, quote
from db.domain.money import ZERO, RoundingMode

MAX_CODE = 100
MAX_IDENTIFIERS = 5
MAX_IDENTIFIER = 255
MAX_NAME = 1_000
MAX_LABEL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of an application that apply to its sessions."""

    minor_digits: int
    rounding: RoundingMode
    attributes: AttributeRules
    reserved_labels: Mapping[str, str] = field(default_factory=dict)  # of active rules, with their campaigns


def validate_content(
    content: SessionContent, rules: Rules, attributes: Mapping[str, Any], lines: Sequence[CartLine]
) -> dict[str, Any]:
    """Return the CustomerSession fields that ``content`` sets on a session with these attributes and lines.

    Raises Refused with every rule that is broken.
    """
    found: list[Refusal] = []
    new: dict[str, Any] = {}
    if content.profile_id is not UNSET:
        found.extend(text.key_problems(content.profile_id or "", ("profileId",), min_length=0))
        new["profile_id"] = content.profile_id or None
    for name, code in (("coupon", content.coupon), ("referral", content.referral)):
        if code is not UNSET:
            found.extend(text.problems(code or "", (name,), max_length=MAX_CODE))
            new[name] = code or None
    if content.identifiers is not UNSET:
        new["identifiers"] = tuple(content.identifiers or ())
        found.extend(identifier_problems(new["identifiers"]))
    if content.attributes is not UNSET:
        combine = rules.attributes.replace if content.attributes is None else rules.attributes.merge
        given, entity = content.attributes or {}, AttributeEntity.CUSTOMER_SESSION
        new["attributes"] = combine(entity, attributes, given, ("attributes",), found)
    if content.cart_items is not UNSET:
        new["cart"] = validate_cart(content.cart_items or (), lines, rules, found)
    if content.discounts is not UNSET:
        new["discounts"] = validate_discounts(content.discounts or (), rules.minor_digits, found, rules.reserved_labels)
    if found:
        raise Refused(*found)
    return new


def validate_cart(
    lines: Sequence[CartLine], current: Sequence[CartLine], rules: Rules, found: list[Refusal]
) -> tuple[CartLine, ...]:
    """Return the lines with their attributes in canonical form. Refusals are appended to ``found``.

    A line with the position and the SKU of a current line counts as that line: attributes of it that are not editable
    cannot change.
    """
    if len(lines) > cart.MAX_LINES:
        problem = f"Expected at most {cart.MAX_LINES} lines, got {len(lines)}."
        found.append(InvalidInput(path=("cartItems",), problem=problem))
        return ()
    before = len(found)
    validated = []
    for position, line in enumerate(lines):
        path = ("cartItems", str(position))
        found.extend(line_problems(line, path))
        same_line = position < len(current) and current[position].sku == line.sku
        attributes = current[position].attributes if same_line else {}
        if attributes or line.attributes:
            new = rules.attributes.replace(
                AttributeEntity.CART_ITEM, attributes, line.attributes, (*path, "attributes"), found
            )
            validated.append(replace(line, attributes=new))
        else:
            validated.append(line)
    if len(found) == before:
        units = sum(line.quantity for line in validated)
        if units > cart.MAX_UNITS:
            problem = f"Expected at most {cart.MAX_UNITS} units in all, got {units}."
            found.append(InvalidInput(path=("cartItems",), problem=problem))
        found.extend(money.problems(cart.total(validated), ("cartItems",)))
    return tuple(validated)


def line_problems(line: CartLine, path: tuple[str, ...]) -> list[Refusal]:
    """Return a refusal for each rule that a line breaks, without its attributes."""
    found = [*text.key_problems(line.sku, (*path, "sku"))]
    if not 1 <= line.quantity <= cart.MAX_UNITS:
        problem = f"Expected 1 to {cart.MAX_UNITS}, got {line.quantity}."
        found.append(InvalidInput(path=(*path, "quantity"), problem=problem))
    found.extend(money.problems(line.price, (*path, "price")))
    for name, value in (("name", line.name), ("category", line.category)):
        if value is not None:
            found.extend(text.problems(value, (*path, name), max_length=MAX_NAME))
    if line.product_name is not None:
        found.extend(text.problems(line.product_name, (*path, "product", "name"), min_length=1, max_length=MAX_NAME))
    for name in cart.MEASURES:
        if (measure := getattr(line, name)) is not None:
            found.extend(money.problems(measure, (*path, name)))
    return found


def identifier_problems(identifiers: Sequence[str]) -> list[Refusal]:
    """Return a refusal for each rule that the identifiers break."""
    found: list[Refusal] = []
    if len(identifiers) > MAX_IDENTIFIERS:
        problem = f"Expected at most {MAX_IDENTIFIERS} identifiers, got {len(identifiers)}."
        return [InvalidInput(path=("identifiers",), problem=problem)]
    for index, identifier in enumerate(identifiers):
        path = ("identifiers", str(index))
        found.extend(text.problems(identifier, path, min_length=1, max_length=MAX_IDENTIFIER))
        if identifier in identifiers[:index]:
            found.append(InvalidInput(path=path, problem=f"The identifier {quote(identifier)} is listed twice."))
    return found


def validate_discounts(
    given: Sequence[Discount], minor_digits: int, found: list[Refusal], reserved: Mapping[str, str] | None = None
) -> Mapping[str, Decimal]:
    """Return the discounts by label, in the order of the labels' code points. Refusals are appended to ``found``.

    ``reserved`` are labels that rules of campaigns have, with the names of the campaigns.
    """
    before = len(found)
    by_label: dict[str, Decimal] = {}
    for index, discount in enumerate(given):
        path = ("discounts", str(index))
        found.extend(text.problems(discount.label, (*path, "label"), min_length=1, max_length=MAX_LABEL))
        found.extend(money.problems(discount.amount, (*path, "amount"), minor_digits=minor_digits))
        if discount.label in by_label:
            problem = f"The label {quote(discount.label)} is listed twice."
            found.append(InvalidInput(path=(*path, "label"), problem=problem))
        elif campaign := (reserved or {}).get(discount.label):
            problem = f"The campaign {quote(campaign)} has a rule with the label {quote(discount.label)}."
            found.append(InvalidInput(path=(*path, "label"), problem=problem))
        by_label[discount.label] = discount.amount
    if len(found) == before:
        found.extend(money.problems(sum(by_label.values(), ZERO), ("discounts",)))
    return dict(sorted(by_label.items()))
