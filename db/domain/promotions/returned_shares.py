"""The parts of discounts that a return takes."""

from collections import Counter
from collections.abc import Iterator, Mapping

from db.domain.cart import share_of_units
from db.domain.money import RoundingMode, allocate_units, to_units
from db.domain.promotions.session_evaluation import allocated_discounts
from db.domain.session import CustomerSession


def returned_units(session: CustomerSession, mode: RoundingMode) -> Mapping[int, int]:
    """Return what the last return of a session takes off the discount of each campaign, in minor units.

    A line's part is split over its discounts by largest remainder over what earlier returns have left of them, in the
    order of their labels. All returns are split again, so that nothing needs to be stored.
    """
    discounts = allocated_discounts(session)
    taken: Counter[int] = Counter()
    for item in session.returns[-1].items:
        on_line = [
            (each.campaign_id, units)
            for each in discounts
            for position, units in each.shares
            if position == item.position
        ]
        left, parts = [units for _, units in on_line], [0] * len(on_line)
        for part in line_parts(session, item.position, mode):
            parts = allocate_units(part, left)
            left = [units - taken_now for units, taken_now in zip(left, parts, strict=True)]
        for (campaign_id, _), units in zip(on_line, parts, strict=True):
            if campaign_id is not None:
                taken[campaign_id] += units
    return taken


def line_parts(session: CustomerSession, position: int, mode: RoundingMode) -> Iterator[int]:
    """Yield the part of a line's discount share that each return of its units takes, in minor units."""
    line, returned, before = session.cart[position], 0, 0
    for made in session.returns:
        for item in made.items:
            if item.position == position:
                returned += item.quantity
                share = share_of_units(line, returned, mode, session.minor_digits)
                part = to_units(share, session.minor_digits)
                yield part - before
                before = part
