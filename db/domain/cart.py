"""The cart: its lines, their total, and returns of their units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from db.domain import money
from db.domain.errors import CartLineNotFound, InvalidInput, Refused, ReturnExceedsRemaining, quote
from db.domain.money import ZERO, RoundingMode
from db.domain.size import ROW_BYTES, json_size, texts_size

MAX_LINES = 1_000
MAX_UNITS = 10_000
MEASURES = ("weight", "height", "width", "length")


class CartLine(NamedTuple):
    """One line of a cart. ``price`` is for one unit; the weight is in grams, the other measures are in millimetres.

    ``id`` stays with the line wherever it moves. A line of a command has none unless it names a line of the cart.

    A tuple: to construct a frozen data class with as many fields takes seven times as long, for each line of a cart.
    """

    sku: str
    quantity: int
    price: Decimal
    name: str | None = None
    category: str | None = None
    product_name: str | None = None
    weight: Decimal | None = None
    height: Decimal | None = None
    width: Decimal | None = None
    length: Decimal | None = None
    attributes: Mapping[str, Any] = {}
    id: str | None = None
    discount_share: Decimal = ZERO
    returned_quantity: int = 0
    returned_total: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity

    @property
    def remaining_quantity(self) -> int:
        """Units that have not been returned."""
        return self.quantity - self.returned_quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class LineName:
    """A line of the cart, named by its id, by its position, or by a SKU that is on exactly one line."""

    id: str | None = None
    position: int | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """Units of one line to return. No quantity means all that remain."""

    line: LineName
    quantity: int | None


@dataclass(frozen=True, slots=True)
class ReturnedItem:
    """Units of one line that were returned, and the amount refunded for them."""

    position: int
    quantity: int
    amount: Decimal


def total(cart: Sequence[CartLine]) -> Decimal:
    """Sum price times quantity, before discounts and returns."""
    return sum([line.price * line.quantity for line in cart], ZERO)


def size(cart: Sequence[CartLine]) -> int:
    """Return the bytes that the lines hold."""
    return ROW_BYTES * len(cart) + texts_size(texts(cart)) + attributes_size(cart)


def texts(cart: Sequence[CartLine]) -> list[str | None]:
    """Return the texts of the lines, without those in their attributes."""
    return [text for line in cart for text in (line.sku, line.name, line.category, line.product_name)]


def attributes_size(cart: Sequence[CartLine]) -> int:
    """Return the bytes of the lines' attributes."""
    return sum([json_size(line.attributes) for line in cart if line.attributes])


def share_discount(cart: Sequence[CartLine], discount_total: Decimal, minor_digits: int) -> tuple[CartLine, ...]:
    """Return the lines with ``discount_total`` allocated to them in proportion to their totals."""
    shares = money.allocate(discount_total, [line.total for line in cart], minor_digits)
    return tuple(
        line if line.discount_share == share else line._replace(discount_share=share)
        for line, share in zip(cart, shares, strict=True)
    )


class LineFinder:
    """Finds the lines of a cart by their names, from indexes: a return may name 10,000 lines."""

    def __init__(self, cart: Sequence[CartLine]) -> None:
        self._count = len(cart)
        self._by_id = {line.id: position for position, line in enumerate(cart)}
        self._by_sku: dict[str, list[int]] = {}
        for position, line in enumerate(cart):
            self._by_sku.setdefault(line.sku, []).append(position)

    def __call__(self, name: LineName, path: tuple[str, ...]) -> int:
        """Return the position of a line. Raises Refused with CartLineNotFound."""
        if name.id is not None:
            if name.id in self._by_id:
                return self._by_id[name.id]
            problem = f"The cart has no line with the id {quote(name.id)}."
            raise Refused(CartLineNotFound(path=(*path, "id"), problem=problem))
        if name.position is not None:
            if 0 <= name.position < self._count:
                return name.position
            problem = f"The cart has {self._count} lines; there is no line {name.position}."
            raise Refused(CartLineNotFound(path=(*path, "position"), problem=problem))
        sku = name.sku or ""
        found = self._by_sku.get(sku, ())
        if len(found) == 1:
            return found[0]
        problem = f"The cart has the sku {quote(sku)} on {len(found)} lines"
        hint = "; name the line by its id." if found else "."
        raise Refused(CartLineNotFound(path=(*path, "sku"), problem=problem + hint))


def return_items(
    cart: Sequence[CartLine],
    requests: Sequence[ReturnRequest],
    net_total: Decimal,
    rounding: RoundingMode,
    minor_digits: int,
) -> tuple[tuple[CartLine, ...], tuple[ReturnedItem, ...]]:
    """Return the cart after the return, and the returned items by position.

    Raises Refused with CartLineNotFound, ReturnExceedsRemaining or InvalidInput, each with a path from ``items``.
    """
    if not requests:
        raise Refused(InvalidInput(path=("items",), problem="Expected at least one item."))
    lines, find = list(cart), LineFinder(cart)
    returned: dict[int, ReturnedItem] = {}
    for index, request in enumerate(requests):
        path = ("items", str(index))
        position = find(request.line, (*path, "line"))
        line = lines[position]
        quantity = max(1, line.remaining_quantity) if request.quantity is None else request.quantity
        if quantity < 1:
            raise Refused(InvalidInput(path=(*path, "quantity"), problem=f"Expected 1 or more, got {quantity}."))
        if quantity > line.remaining_quantity:
            raise Refused(
                ReturnExceedsRemaining(
                    path=(*path, "quantity"), position=position, requested=quantity, remaining=line.remaining_quantity
                )
            )
        amount = min(refund(line, quantity, rounding, minor_digits), net_total)
        net_total -= amount
        lines[position] = line._replace(
            returned_quantity=line.returned_quantity + quantity, returned_total=line.returned_total + amount
        )
        before = returned.get(position, ReturnedItem(position, 0, ZERO))
        returned[position] = ReturnedItem(position, before.quantity + quantity, before.amount + amount)
    return tuple(lines), tuple(returned[position] for position in sorted(returned))


def refund(line: CartLine, quantity: int, rounding: RoundingMode, minor_digits: int) -> Decimal:
    """Return the refund for ``quantity`` more units of ``line``: their price less their part of the discount share.

    Parts are rounded cumulatively, so that the refunds of a fully returned line deduct exactly its share. With prices
    finer than a minor unit a rounded part can exceed the price of its units; the refund is then 0, and the refunds
    of a line never sum to more than was paid for it.
    """
    units = line.returned_quantity + quantity
    part = share_of_units(line, units, rounding, minor_digits)
    paid = max(line.total - line.discount_share, ZERO)
    due = min(line.price * units - part, paid)
    return max(due - line.returned_total, ZERO)


def discount_part(line: CartLine, quantity: int, rounding: RoundingMode, minor_digits: int) -> Decimal:
    """Return the part of the line's discount share that falls on ``quantity`` more returned units."""
    before = share_of_units(line, line.returned_quantity, rounding, minor_digits)
    return share_of_units(line, line.returned_quantity + quantity, rounding, minor_digits) - before


def share_of_units(line: CartLine, units: int, rounding: RoundingMode, minor_digits: int) -> Decimal:
    """Return the part of the line's discount share that falls on its first ``units`` returned units, rounded."""
    share = money.to_units(line.discount_share, minor_digits)
    return money.from_units(money.divide(share * units, line.quantity, rounding), minor_digits)
