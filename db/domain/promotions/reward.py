"""Rewards: the amounts that a rule takes off its lines, or the offer or message that it makes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from db.domain.cart import MAX_UNITS
from db.domain.money import PLACES, divide, to_units
from db.domain.promotions.basket import Basket
from db.domain.promotions.input_reader import InputReader, Path

MAX_MESSAGE = 1_000
PERCENT_PLACES = 2
HUNDRED_PERCENT = 100 * 10**PERCENT_PLACES  # percents are integers of hundredths


class Claim(NamedTuple):
    """The amount that a reward asks for, in minor units, and the weights by which it is spread over the positions."""

    units: int
    positions: Sequence[int]
    weights: Sequence[int]


# Computes what a reward asks of the lines at these positions.
Reward = Callable[[Basket, Sequence[int]], Claim]


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that the shopper can add to the cart."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Message:
    """A text for the shopper."""

    text: str


def read_percent(reader: InputReader, value: Any, path: Path) -> int:
    """Return a percent above 0, up to 100, in hundredths."""
    percent = to_units(reader.positive_amount(value, path, PERCENT_PLACES), PERCENT_PLACES)
    if percent > HUNDRED_PERCENT:
        reader.refuse(path, f"Expected at most 100, got {value}.")
    return percent


def percent_off(reader: InputReader, value: Any, path: Path) -> Reward:
    """Compile PercentOffInput: a part of the net of the lines, spread by net."""
    given = reader.fields(value, path, ("percent",), required=("percent",))
    percent = read_percent(reader, given["percent"], (*path, "percent")) if given else 0

    def claim(basket: Basket, positions: Sequence[int]) -> Claim:
        nets = [basket.nets[i] for i in positions]
        return Claim(divide(sum(nets) * percent, HUNDRED_PERCENT * basket.step, basket.rounding), positions, nets)

    return claim


def amount_off(reader: InputReader, value: Any, path: Path) -> Reward:
    """Compile AmountOffInput: an amount, spread over the lines by net."""
    given = reader.fields(value, path, ("amount",), required=("amount",))
    digits = reader.minor_digits
    units = to_units(reader.positive_amount(given["amount"], (*path, "amount"), digits), digits) if given else 0
    return lambda basket, positions: Claim(units, positions, [basket.nets[i] for i in positions])


def amount_off_each(reader: InputReader, value: Any, path: Path) -> Reward:
    """Compile AmountOffEachInput: an amount for each unit, at most the line's net."""
    given = reader.fields(value, path, ("amount",), required=("amount",))
    digits = reader.minor_digits
    amount = to_units(reader.positive_amount(given["amount"], (*path, "amount"), digits), PLACES) if given else 0

    def claim(basket: Basket, positions: Sequence[int]) -> Claim:
        weights = [min(amount * basket.quantities[i], basket.nets[i]) for i in positions]
        return Claim(divide(sum(weights), basket.step, basket.rounding), positions, weights)

    return claim


def fixed_price(reader: InputReader, value: Any, path: Path) -> Reward:
    """Compile FixedPriceInput: the part of each line's net above a price for each unit, which may be 0."""
    given = reader.fields(value, path, ("price",), required=("price",))
    amount = reader.amount(given["price"], (*path, "price"), reader.minor_digits) if given else None
    price = 0 if amount is None else to_units(amount, PLACES)

    def claim(basket: Basket, positions: Sequence[int]) -> Claim:
        weights = [max(0, basket.nets[i] - price * basket.quantities[i]) for i in positions]
        return Claim(divide(sum(weights), basket.step, basket.rounding), positions, weights)

    return claim


def read_offer(reader: InputReader, value: Any, path: Path) -> Offer:
    """Read OfferInput."""
    given = {"quantity": 1} | reader.fields(value, path, ("sku", "quantity"), required=("sku",))
    quantity = reader.integer(given["quantity"], (*path, "quantity"), 1, MAX_UNITS)
    return Offer(reader.key(given["sku"], (*path, "sku")) if "sku" in given else "", quantity or 1)


def read_message(reader: InputReader, value: Any, path: Path) -> Message:
    """Read MessageInput."""
    given = reader.fields(value, path, ("text",), required=("text",))
    return Message(reader.text(given["text"], (*path, "text"), MAX_MESSAGE) if given else "")
