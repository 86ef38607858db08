"""A discount of a session with its source and its shares by line."""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedDiscount:
    """One discount. Its allocations are above 0, in the order of their positions, and sum to the amount."""

    label: str
    amount: Decimal
    source: DiscountSource
    allocations: tuple[Allocation, ...]
    campaign_id: int | None = None
    revision: int | None = None


def allocate_to_lines(positions: Sequence[int], shares: Sequence[int], minor_digits: int) -> tuple[Allocation, ...]:
    """Return the shares above 0, which are in minor units, as amounts."""
    return tuple(
        Allocation(position, from_units(share, minor_digits))
        for position, share in zip(positions, shares, strict=True)
        if share
    )
