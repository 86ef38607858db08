"""Validation of a session's content: profile, codes, identifiers, attributes, cart and discounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from db.domain import money, text
from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.cart_content import validate_cart
from db.domain.commands import UNSET, Discount, SessionContent
from db.domain.errors import InvalidInput, Refusal, Refused, quote
from db.domain.money import ZERO, RoundingMode

MAX_CODE = 100
MAX_IDENTIFIERS = 5
MAX_IDENTIFIER = 255
MAX_LABEL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings of an application that apply to its sessions."""

    minor_digits: int
    rounding: RoundingMode
    attributes: AttributeRules
    reserved_labels: Mapping[str, str] = field(default_factory=dict)  # of active rules, with their campaigns


def validate_content(
    content: SessionContent, rules: Rules, attributes: Mapping[str, Any], lines: Sequence[CartLine], id_prefix: str
) -> dict[str, Any]:
    """Return the CustomerSession fields that ``content`` sets on a session with these attributes and lines.

    Ids of new lines begin with ``id_prefix``. Raises Refused with every rule that is broken.
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
        new["cart"] = validate_cart(content.cart_items or (), lines, rules.attributes, id_prefix, found)
    if content.discounts is not UNSET:
        new["discounts"] = validate_discounts(content.discounts or (), rules.minor_digits, found, rules.reserved_labels)
    if found:
        raise Refused(*found)
    return new


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
