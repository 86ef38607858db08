"""Buy and get: units that are free or cheaper if other units are bought."""

from collections.abc import Sequence
from math import lcm
from typing import Any

from db.domain.cart import MAX_UNITS
from db.domain.money import divide
from db.domain.promotions.basket import Basket
from db.domain.promotions.input_reader import InputReader, Path
from db.domain.promotions.line_filter import compile_line_filter
from db.domain.promotions.reward import HUNDRED_PERCENT, Claim, Reward, read_percent

FIELDS = ("buy", "get", "getLines", "percentOff", "times")


def buy_get(reader: InputReader, value: Any, path: Path) -> Reward:
    """Compile BuyGetInput. The units with the lowest prices are reduced; each unit counts once."""
    given: dict[str, Any] = {"percentOff": 100} | reader.fields(value, path, FIELDS, required=("buy", "get"))
    buy, get, times = (
        reader.integer(given[name], (*path, name), 1, MAX_UNITS) if name in given else None
        for name in ("buy", "get", "times")
    )
    percent = read_percent(reader, given["percentOff"], (*path, "percentOff"))
    select, get_path = None, (*path, "getLines")
    if "getLines" in given:
        with reader.count_leaves(get_path):
            select = compile_line_filter(reader, given["getLines"], get_path)

    def claim(basket: Basket, positions: Sequence[int]) -> Claim:
        get_positions = positions if select is None else select(basket.lines, basket.positions)
        units = reduced_units(basket, positions, get_positions, buy or 1, get or 1, times)
        reduced = sorted(units)
        # A unit is worth its line's net divided by its quantity. The common denominator keeps the weights integers.
        denominator = lcm(*[basket.quantities[i] for i in reduced])
        weights = [units[i] * basket.nets[i] * percent * (denominator // basket.quantities[i]) for i in reduced]
        divisor = denominator * HUNDRED_PERCENT * basket.step
        return Claim(divide(sum(weights), divisor, basket.rounding), reduced, weights)

    return claim


def reduced_units(
    basket: Basket, buy_from: Sequence[int], get_from: Sequence[int], buy: int, get: int, times: int | None
) -> dict[int, int]:
    """Return the number of units to reduce, by position.

    No unit counts as bought and as reduced. As many sets as possible are made. The units with the lowest prices are
    reduced, provided that enough units to buy remain. Ties go to the lower position.
    """
    quantities, buying = basket.quantities, frozenset(buy_from)
    buyable = sum([quantities[i] for i in buy_from])
    gettable = sum([quantities[i] for i in get_from])
    all_units = buyable + sum([quantities[i] for i in get_from if i not in buying])
    sets = min(buyable // buy, gettable // get, all_units // (buy + get))
    sets = sets if times is None else min(sets, times)
    left, left_of_buyable = sets * get, buyable - sets * buy
    units: dict[int, int] = {}
    for i in sorted(get_from, key=lambda i: (basket.prices[i], i)):
        if not left:
            break
        if count := min(left, quantities[i], left_of_buyable if i in buying else left):
            units[i] = count
            left -= count
            left_of_buyable -= count if i in buying else 0
    return units
