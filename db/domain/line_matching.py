"""Match lines of a new cart to those that the session has: by id, or by equality in all but quantity."""

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from db.domain.cart import MEASURES, CartLine
from db.domain.errors import CartLineNotFound, InvalidInput, Refusal, quote

item_values = attrgetter("sku", "price", "name", "category", "product_name", *MEASURES)


def item_of(line: CartLine) -> Hashable:
    """Return everything that describes the item of a line: lines with the same item differ only in quantity."""
    return *item_values(line), hashable(line.attributes) if line.attributes else None


def hashable(value: Any) -> Hashable:
    """Return a JSON value in a form that can be a key."""
    match value:
        case Mapping():
            return frozenset((key, hashable(each)) for key, each in value.items())
        case list():
            return tuple(map(hashable, value))
        case _:
            return value


class LinesByItem:
    """Lines of a cart by item. Of several with the same item, the one with the lowest position comes first."""

    def __init__(self, lines: Sequence[CartLine]) -> None:
        self._lines: dict[Hashable, deque[CartLine]] = {}
        for line in lines:
            self._lines.setdefault(item_of(line), deque()).append(line)

    def take(self, line: CartLine) -> CartLine | None:
        """Return the first line with the same item that has not been taken, or None."""
        found = self._lines.get(item_of(line))
        return found.popleft() if found else None


def match_ids(lines: Sequence[CartLine], current: Sequence[CartLine], found: list[Refusal]) -> dict[int, CartLine]:
    """Return, by position of the new lines, the current lines that their ids name.

    Refusals are appended to ``found``: for an id that no current line has, and for one that is given twice.
    """
    by_id = {line.id: line for line in current}
    matched: dict[int, CartLine] = {}
    named: set[str] = set()
    for position, line in enumerate(lines):
        if line.id is None:
            continue
        path = ("cartItems", str(position), "id")
        if line.id in named:
            found.append(InvalidInput(path=path, problem=f"The line {quote(line.id)} is listed twice."))
        elif line.id not in by_id:
            found.append(CartLineNotFound(path=path, problem=f"The cart has no line with the id {quote(line.id)}."))
        else:
            matched[position] = by_id[line.id]
            named.add(line.id)
    return matched


def match_items(
    lines: Sequence[CartLine], current: Sequence[CartLine], by_id: Mapping[int, CartLine]
) -> dict[int, CartLine]:
    """Return the matches by id, and those of the lines without an id.

    Such a line is the first current line that has the same item and that no id names. Attributes are in canonical form.
    """
    named = {line.id for line in by_id.values()}
    unnamed = LinesByItem([line for line in current if line.id not in named])
    matched = dict(by_id)
    for position, line in enumerate(lines):
        if line.id is None and (old := unnamed.take(line)):
            matched[position] = old
    return matched
