"""A discount of a session with its source and its shares by line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from db.domain.money import from_units


class DiscountSource(StrEnum):
    """The source of a discount: the caller, or a campaign. The values are stored in the database."""

    MANUAL = "manual"
    CAMPAIGN = "campaign"


class Allocation(NamedTuple):
    """The share that one line has of a discount."""

    position: int
    amount: Decimal


@dataclass(slots=True, kw_only=True)  # a frozen one takes more than twice as long to make
class LineShares:
    """An amount and its shares by line, in minor units. The shares are above 0 and in the order of the positions.

    Decimals are made when they are asked for: an evaluation of 100 campaigns has 1,000 shares.
    """

    units: int
    shares: tuple[tuple[int, int], ...]
    minor_digits: int

    @property
    def amount(self) -> Decimal:
        """The amount."""
        return from_units(self.units, self.minor_digits)

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """The shares as amounts; they sum to the amount."""
        return tuple([Allocation(position, from_units(units, self.minor_digits)) for position, units in self.shares])


@dataclass(slots=True, kw_only=True)  # a frozen one takes more than twice as long to make
class AllocatedDiscount(LineShares):
    """One discount of a session. The name is that of the campaign's revision."""

    label: str
    source: DiscountSource
    campaign_id: int | None = None
    campaign_name: str | None = None
    revision: int | None = None


def pair_shares(positions: Sequence[int], shares: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the shares above 0, each with its position."""
    return tuple([pair for pair in zip(positions, shares, strict=True) if pair[1]])


def sum_shares(discounts: Iterable[LineShares], lines: int) -> list[int]:
    """Return the sum of the discounts' shares of each of a number of lines, in minor units."""
    sums = [0] * lines
    for discount in discounts:
        for position, units in discount.shares:
            sums[position] += units
    return sums
