"""Validation of a cart's lines, and the ids of new lines."""

from collections.abc import Mapping, Sequence

from db.domain import cart, money, text
from db.domain.attribute_definition import AttributeEntity
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.errors import InvalidInput, Refusal
from db.domain.line_matching import match_ids, match_items

MAX_NAME = 1_000


def new_id(prefix: str, position: int) -> str:
    """Return the id of a new line; no other command has the same ``prefix``."""
    return f"{prefix}{position}"


def id_problems(lines: Sequence[CartLine], field: str) -> list[Refusal]:
    """Return a refusal for each line that has an id, in an input whose lines are all new."""
    problem = "A new line gets its id from the server; leave it out."
    return [
        InvalidInput(path=(field, str(position), "id"), problem=problem)
        for position, line in enumerate(lines)
        if line.id is not None
    ]


def validate_cart(
    lines: Sequence[CartLine], current: Sequence[CartLine], rules: AttributeRules, id_prefix: str, found: list[Refusal]
) -> tuple[CartLine, ...]:
    """Return the lines that replace ``current``, with their ids, and with their attributes in canonical form.

    Ids of new lines begin with ``id_prefix``. Refusals are appended to ``found``.
    """
    if len(lines) > cart.MAX_LINES:
        problem = f"Expected at most {cart.MAX_LINES} lines, got {len(lines)}."
        found.append(InvalidInput(path=("cartItems",), problem=problem))
        return ()
    before = len(found)
    for position, line in enumerate(lines):
        found.extend(line_problems(line, ("cartItems", str(position))))
    valid = len(found) == before
    matched = match_ids(lines, current, found)
    if valid and current:
        canonical = [with_attributes(line, None, rules, ("cartItems", 0), []) for line in lines]
        matched = match_items(canonical, current, matched)
    same_place = same_sku(lines, current, matched)
    validated = []
    for position, line in enumerate(lines):
        old = matched.get(position)
        new = with_attributes(line, old or same_place.get(position), rules, ("cartItems", position), found)
        validated.append(new._replace(id=old.id if old else new_id(id_prefix, position)))
    if len(found) == before:
        found.extend(cart_problems(validated, ("cartItems",)))
    return tuple(validated)


def same_sku(
    lines: Sequence[CartLine], current: Sequence[CartLine], matched: Mapping[int, CartLine]
) -> Mapping[int, CartLine]:
    """Return, by position, the current lines that new lines with other values replace.

    They have the same position and SKU, and are not in the new cart. Attributes that are not editable cannot change by
    leaving out an id.
    """
    remaining = {line.id for line in matched.values()}
    return {
        position: old
        for position, (line, old) in enumerate(zip(lines, current, strict=False))
        if line.id is None and position not in matched and line.sku == old.sku and old.id not in remaining
    }


def with_attributes(
    line: CartLine, old: CartLine | None, rules: AttributeRules, place: tuple[str, int], found: list[Refusal]
) -> CartLine:
    """Return a line that replaces ``old`` with its attributes in canonical form. Refusals are appended to ``found``.

    ``place`` is the field and the index of the line in the input.
    """
    current = old.attributes if old else {}
    if not current and not line.attributes:
        return line
    path = (place[0], str(place[1]), "attributes")
    return line._replace(attributes=rules.replace(AttributeEntity.CART_ITEM, current, line.attributes, path, found))


def cart_problems(lines: Sequence[CartLine], path: tuple[str, ...]) -> list[Refusal]:
    """Return a refusal for each limit that a cart of valid lines exceeds. The refusals have this ``path``."""
    found: list[Refusal] = []
    if len(lines) > cart.MAX_LINES:
        problem = f"Expected at most {cart.MAX_LINES} lines in all, got {len(lines)}."
        found.append(InvalidInput(path=path, problem=problem))
    units = sum(line.quantity for line in lines)
    if units > cart.MAX_UNITS:
        problem = f"Expected at most {cart.MAX_UNITS} units in all, got {units}."
        found.append(InvalidInput(path=path, problem=problem))
    found.extend(money.problems(cart.total(lines), path))
    return found


def line_problems(line: CartLine, path: tuple[str, ...], *, min_quantity: int = 1) -> list[Refusal]:
    """Return a refusal for each rule that a line breaks, without its attributes."""
    found = [*text.key_problems(line.sku, (*path, "sku"))]
    if not min_quantity <= line.quantity <= cart.MAX_UNITS:
        problem = f"Expected {min_quantity} to {cart.MAX_UNITS}, got {line.quantity}."
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
