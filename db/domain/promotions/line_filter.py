"""Line filters: the lines of a cart that a rule counts and rewards."""

from collections.abc import Callable, Sequence
from typing import Any

from db.domain import text
from db.domain.attribute_definition import AttributeEntity
from db.domain.cart import CartLine
from db.domain.promotions.attribute_test import compile_attributes
from db.domain.promotions.input_reader import InputReader, Path
from db.domain.promotions.ranges import amount_range

FIELDS = ("skus", "skuPrefix", "categories", "products", "price", "attributes", "not")

# Returns those of the given positions whose lines match, in the same order.
LineFilter = Callable[[Sequence[CartLine], Sequence[int]], Sequence[int]]


def compile_line_filter(reader: InputReader, value: Any, path: Path, depth: int = 1) -> LineFilter:
    """Compile a LineFilterInput: a line matches if all fields that are set hold. Each field narrows the positions.

    ``depth`` counts the conditions and filters around this one, itself included.
    """
    if reader.is_too_deep(depth, path):
        return match_all
    given = reader.fields(value, path, FIELDS)
    filters = [compile_field(reader, name, each, (*path, name), depth) for name, each in given.items()]
    if len(filters) == 1:
        return filters[0]

    def select(lines: Sequence[CartLine], positions: Sequence[int]) -> Sequence[int]:
        for each in filters:
            positions = each(lines, positions)
        return positions

    return select


def match_all(_: Sequence[CartLine], positions: Sequence[int]) -> Sequence[int]:
    """Match every line."""
    return positions


def compile_field(reader: InputReader, name: str, value: Any, path: Path, depth: int) -> LineFilter:
    """Compile one field of a filter."""
    match name:
        case "skus":
            return match_sku(frozenset(reader.texts(value, path)))
        case "skuPrefix":
            reader.leaves += 1
            return match_prefix(reader.text(value, path, text.MAX_KEY_LENGTH))
        case "categories":
            return match_category(frozenset(reader.texts(value, path)))
        case "products":
            return match_product(frozenset(reader.texts(value, path)))
        case "price":
            price = amount_range(reader, value, path)
            return lambda lines, positions: [i for i in positions if price(lines[i].price) is None]
        case "attributes":
            check = compile_attributes(reader, value, path, AttributeEntity.CART_ITEM)
            return lambda lines, positions: [i for i in positions if check(lines[i].attributes) is None]
        case _:
            return match_others(compile_line_filter(reader, value, path, depth + 1))


def match_sku(skus: frozenset[str]) -> LineFilter:
    """Match lines with one of these SKUs."""
    return lambda lines, positions: [i for i in positions if lines[i].sku in skus]


def match_prefix(prefix: str) -> LineFilter:
    """Match lines whose SKU begins with a text."""
    return lambda lines, positions: [i for i in positions if lines[i].sku.startswith(prefix)]


def match_category(categories: frozenset[str]) -> LineFilter:
    """Match lines of one of these categories."""
    return lambda lines, positions: [i for i in positions if lines[i].category in categories]


def match_product(names: frozenset[str]) -> LineFilter:
    """Match lines of a product with one of these names."""
    return lambda lines, positions: [i for i in positions if lines[i].product_name in names]


def match_others(excluded: LineFilter) -> LineFilter:
    """Match lines that another filter does not match."""

    def select(lines: Sequence[CartLine], positions: Sequence[int]) -> Sequence[int]:
        found = frozenset(excluded(lines, positions))
        return [i for i in positions if i not in found]

    return select
