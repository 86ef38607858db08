"""The cart during an evaluation: the amounts of its lines, and of the session, that no discount has taken yet."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from db.domain import money
from db.domain.cart import CartLine
from db.domain.money import PLACES
from db.domain.promotions.facts import EvaluationSettings, SessionFacts
from db.domain.promotions.limit import find_period_starts, find_subjects

Point = tuple[list[int], int]  # the nets of a basket and what was given, which discounts change


class Basket:
    """A session's facts, and the amounts of its lines that the discounts so far have left.

    Amounts are integers. Totals, prices and nets of lines are in units of 10^-4, the finest that a price can have;
    ``step`` of them are one minor unit. ``room`` is in minor units.
    """

    def __init__(self, session: SessionFacts, settings: EvaluationSettings, local: datetime) -> None:
        self.session = session
        self.local = local
        self.period_starts = find_period_starts(local.date())
        self.subjects = find_subjects(session)
        self.minor_digits = settings.minor_digits
        self.rounding = settings.rounding
        self.step: int = 10 ** (PLACES - settings.minor_digits)
        self.lines: Sequence[CartLine] = session.cart
        self.positions = range(len(self.lines))
        self.quantities = [line.quantity for line in self.lines]
        self.prices = [money.to_units(line.price, PLACES) for line in self.lines]
        self.gross = [price * quantity for price, quantity in zip(self.prices, self.quantities, strict=True)]
        self.total_units = sum(self.gross)
        self.total = money.from_units(self.total_units, PLACES)
        self.nets = self.gross
        self.given = 0

    @property
    def net(self) -> Decimal:
        """The total less the discounts that were given so far."""
        return money.from_units(self.total_units - self.given * self.step, PLACES)

    @property
    def room(self) -> int:
        """Whole minor units of the total that no discount has taken.

        The caller's discounts may take more from a line than it costs, if its price is finer than a minor unit. The
        capacities of the other lines then sum to more than this.
        """
        return self.total_units // self.step - self.given

    def take(self, positions: Sequence[int], shares: Sequence[int]) -> None:
        """Take shares in minor units off lines, each of which has as much left."""
        step = self.step
        if positions is self.positions:  # of all lines, which is the usual case and takes half the time
            self.nets = [net - share * step for net, share in zip(self.nets, shares, strict=True)]
        else:
            self.nets = list(self.nets)  # a point that was saved refers to the list before
            for position, share in zip(positions, shares, strict=True):
                self.nets[position] -= share * step
        self.given += sum(shares)

    def take_manual(self, shares: Sequence[int]) -> None:
        """Take the caller's discounts off all lines. A line that has less left is at 0 then."""
        self.nets = [max(0, net - share * self.step) for net, share in zip(self.nets, shares, strict=True)]
        self.given += sum(shares)

    def save(self) -> Point:
        """Return this point, for ``restore``."""
        return self.nets, self.given

    def restore(self, point: Point) -> None:
        """Go back to a point that was saved."""
        self.nets, self.given = point
