"""Changes of single lines of an open session's cart, and the merge of one cart into another.

Changes of different lines give the same cart in any order, so that none needs an expected version.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import AttributeRules
from db.domain.cart import MAX_LINES, MEASURES, CartLine, LineFinder, LineName
from db.domain.cart_content import cart_problems, id_problems, line_problems, new_id, with_attributes
from db.domain.commands import UNSET, LineChange
from db.domain.errors import InvalidInput, Refusal, Refused
from db.domain.lifecycle import Operation
from db.domain.line_matching import item_of
from db.domain.money import ZERO
from db.domain.session import CustomerSession, cancel, check_transition, share_discounts

Path = tuple[str, ...]


def add_items(
    session: CustomerSession, items: Sequence[CartLine], rules: AttributeRules, id_prefix: str
) -> CustomerSession:
    """Return the session with lines put into its cart. Ids of new lines begin with ``id_prefix``.

    Raises Refused unless the session is open.
    """
    check_transition(session, Operation.UPDATE)
    check_count(len(items), "items")
    found = id_problems(items, "items")
    for index, line in enumerate(items):
        found.extend(line_problems(line, ("items", str(index))))
    items = [with_attributes(line, None, rules, ("items", index), found) for index, line in enumerate(items)]
    if found:
        raise Refused(*found)
    return with_cart(session, put_in(session.cart, items, id_prefix), "items")


def update_items(session: CustomerSession, changes: Sequence[LineChange], rules: AttributeRules) -> CustomerSession:
    """Return the session with new values of lines. A line whose quantity becomes 0 is removed.

    Raises Refused unless the session is open.
    """
    check_transition(session, Operation.UPDATE)
    check_count(len(changes), "items")
    names = [(change.line, ("items", str(index), "line")) for index, change in enumerate(changes)]
    found: list[Refusal] = []
    positions = find_lines(session.cart, names, found)
    lines = list(session.cart)
    for index, position in positions.items():
        lines[position] = changed(lines[position], changes[index], rules, ("items", str(index)), found)
    if found:
        raise Refused(*found)
    return with_cart(session, [line for line in lines if line.quantity], "items")


def remove_items(session: CustomerSession, names: Sequence[LineName]) -> CustomerSession:
    """Return the session without some lines. Raises Refused unless the session is open."""
    check_transition(session, Operation.UPDATE)
    check_count(len(names), "lines")
    found: list[Refusal] = []
    paths = [(name, ("lines", str(index))) for index, name in enumerate(names)]
    removed = {*find_lines(session.cart, paths, found).values()}
    if found:
        raise Refused(*found)
    return with_cart(session, [line for place, line in enumerate(session.cart) if place not in removed], "lines")


def merge(
    source: CustomerSession, target: CustomerSession, id_prefix: str, now: datetime
) -> tuple[CustomerSession, CustomerSession]:
    """Return the cancelled source and the target with the source's lines. Raises Refused unless both are open.

    The target's coupon and referral stay, or are the source's where it has none. Lines that are new in the target get
    ids that begin with ``id_prefix``.
    """
    found: list[Refusal] = []
    for session, field in ((source, "fromIntegrationId"), (target, "intoIntegrationId")):
        try:
            check_transition(session, Operation.UPDATE)
        except Refused as refused:
            found.extend(replace(refusal, path=(field,)) for refusal in refused.refusals)
    if found:
        raise Refused(*found)
    merged = with_cart(target, put_in(target.cart, source.cart, id_prefix), "fromIntegrationId")
    coupon, referral = target.coupon or source.coupon, target.referral or source.referral
    return cancel(source, None, now), replace(merged, coupon=coupon, referral=referral)


def with_cart(session: CustomerSession, lines: Sequence[CartLine], field: str) -> CustomerSession:
    """Return the session with another cart. Raises Refused with the path ``field`` if the cart exceeds a limit.

    The discounts of campaigns are left out, as by ``apply_content``.
    """
    if found := cart_problems(lines, (field,)):
        raise Refused(*found)
    return share_discounts(replace(session, cart=tuple(lines), promotions=()))


def put_in(cart: Sequence[CartLine], lines: Sequence[CartLine], id_prefix: str) -> list[CartLine]:
    """Return the cart with more lines: each adds to the first line with the same item, or is appended with a new id."""
    result = list(cart)
    places: dict[Hashable, int] = {}
    for position, line in enumerate(cart):
        places.setdefault(item_of(line), position)
    for line in lines:
        position = places.setdefault(item_of(line), len(result))
        if position == len(result):
            result.append(line._replace(id=new_id(id_prefix, position), discount_share=ZERO))
        else:
            there = result[position]
            result[position] = there._replace(quantity=there.quantity + line.quantity)
    return result


def check_count(count: int, field: str) -> None:
    """Raises Refused if a field of the input has no elements, or more than a cart has lines."""
    if not 1 <= count <= MAX_LINES:
        raise Refused(InvalidInput(path=(field,), problem=f"Expected 1 to {MAX_LINES} {field}, got {count}."))


def find_lines(
    cart: Sequence[CartLine], names: Sequence[tuple[LineName, Path]], found: list[Refusal]
) -> dict[int, int]:
    """Return the positions of named lines, by index. Refusals are appended to ``found``, also of a line named twice."""
    find = LineFinder(cart)
    positions: dict[int, int] = {}
    taken: set[int] = set()
    for index, (name, path) in enumerate(names):
        try:
            position = find(name, path)
        except Refused as refused:
            found.extend(refused.refusals)
            continue
        if position in taken:
            found.append(InvalidInput(path=path, problem=f"Line {position} is named twice; name each line once."))
        taken.add(position)
        positions[index] = position
    return positions


def changed(line: CartLine, change: LineChange, rules: AttributeRules, path: Path, found: list[Refusal]) -> CartLine:
    """Return the line with the values of a change. Refusals are appended to ``found``."""
    values: dict[str, Any] = {}
    for name in ("quantity", "price"):
        if (value := getattr(change, name)) is None:
            problem = "Expected a value, got null; leave the field out to keep the value that the line has."
            found.append(InvalidInput(path=(*path, name), problem=problem))
        elif value is not UNSET:
            values[name] = value
    for name in ("name", "category", "product_name", *MEASURES):
        if (value := getattr(change, name)) is not UNSET:
            values[name] = value
    if change.attributes is not UNSET:
        combine = rules.replace if change.attributes is None else rules.merge
        given, where = change.attributes or {}, (*path, "attributes")
        values["attributes"] = combine(AttributeEntity.CART_ITEM, line.attributes, given, where, found)
    new = line._replace(**values)
    found.extend(line_problems(new, path, min_quantity=0))
    return new
