"""Refusals: what the rules can say no with. One class each, carrying facts; the message is made from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from db.domain.decimals import printed

if TYPE_CHECKING:  # lifecycle and attributes raise what is defined here
    from db.domain.attribute_values import AttributeType
    from db.domain.attributes import AttributeEntity
    from db.domain.lifecycle import SessionState

LONGEST = 60


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a change was not made. ``path`` leads into the input: ``("cartItems", "2", "price")``."""

    path: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """One sentence for a person."""
        raise NotImplementedError


class Refused(Exception):
    """Raised to refuse a change as a whole, with every reason that was found."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = refusals


@dataclass(frozen=True, kw_only=True)
class InvalidInput(Refusal):
    """A value breaks a rule of its field."""

    problem: str

    @property
    def message(self) -> str:
        """What the rule is and what came."""
        return self.problem


@dataclass(frozen=True, kw_only=True)
class SessionNotFound(Refusal):
    """No session of the application has this integration ID."""

    integration_id: str
    path: tuple[str, ...] = ("integrationId",)

    @property
    def message(self) -> str:
        """Names the integration ID."""
        return f"There is no session {quoted(self.integration_id)} in this application."


@dataclass(frozen=True, kw_only=True)
class SessionAlreadyExists(Refusal):
    """The integration ID is taken; ``application_id`` and ``session_id`` name the row that has it."""

    integration_id: str
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("integrationId",)

    @property
    def message(self) -> str:
        """Names the integration ID."""
        return f"A session {quoted(self.integration_id)} exists already in this application."


@dataclass(frozen=True, kw_only=True)
class InvalidTransition(Refusal):
    """The life cycle has no such move."""

    from_: SessionState
    to: SessionState
    next_states: tuple[SessionState, ...]

    @property
    def message(self) -> str:
        """Names both states and the moves that are possible."""
        possible = " or ".join(state.name for state in self.next_states) or "nothing"
        return f"A session that is {self.from_.name} cannot become {self.to.name}; it can become {possible}."


@dataclass(frozen=True, kw_only=True)
class SessionNotEditable(Refusal):
    """The session is no longer open."""

    state: SessionState

    @property
    def message(self) -> str:
        """Names the state."""
        return f"Only an OPEN session can be updated; this one is {self.state.name}."


@dataclass(frozen=True, kw_only=True)
class VersionConflict(Refusal):
    """The session has moved on since the caller read it."""

    expected: int
    actual: int
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("expectedVersion",)

    @property
    def message(self) -> str:
        """Names both versions."""
        return f"The session is at version {self.actual}, not {self.expected}."


@dataclass(frozen=True, kw_only=True)
class TotalChanged(Refusal):
    """The cart costs something else than the caller saw. Amounts are printed with ``minor_digits``."""

    expected: Decimal
    actual: Decimal
    minor_digits: int
    path: tuple[str, ...] = ("expectedTotal",)

    @property
    def message(self) -> str:
        """Names both totals."""
        actual, expected = (printed(each, self.minor_digits) for each in (self.actual, self.expected))
        return f"The session's total is {actual}, not {expected}."


@dataclass(frozen=True, kw_only=True)
class CartLineNotFound(Refusal):
    """The cart has no such line, or has the sku on several."""

    problem: str

    @property
    def message(self) -> str:
        """What was looked for."""
        return self.problem


@dataclass(frozen=True, kw_only=True)
class ReturnExceedsRemaining(Refusal):
    """More units than the line has left."""

    position: int
    requested: int
    remaining: int

    @property
    def message(self) -> str:
        """Names the line and both quantities."""
        return f"Line {self.position} has {self.remaining} units left to return; {self.requested} were asked for."


@dataclass(frozen=True, kw_only=True)
class DiscountExceedsTotal(Refusal):
    """Discounts above the total of the cart. Amounts are printed with ``minor_digits``."""

    discount_total: Decimal
    total: Decimal
    minor_digits: int

    @property
    def message(self) -> str:
        """Names both sums."""
        discounts, total = (printed(each, self.minor_digits) for each in (self.discount_total, self.total))
        return f"The discounts sum to {discounts}, more than the cart's total of {total}."


@dataclass(frozen=True, kw_only=True)
class UnknownAttribute(Refusal):
    """No such attribute is defined for the entity."""

    name: str
    entity: AttributeEntity

    @property
    def message(self) -> str:
        """Names the attribute and the entity."""
        return f"No attribute {quoted(self.name)} is defined for {self.entity.name}."


@dataclass(frozen=True, kw_only=True)
class InvalidAttributeValue(Refusal):
    """A value that its attribute's definition does not allow."""

    name: str
    entity: AttributeEntity
    type: AttributeType
    allowed_values: tuple[str, ...] | None
    problem: str

    @property
    def message(self) -> str:
        """Names the attribute and what is wrong with the value."""
        return f"Attribute {quoted(self.name)}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class IdempotencyKeyReused(Refusal):
    """The idempotency key stands for another input."""

    path: tuple[str, ...] = ("idempotencyKey",)

    @property
    def message(self) -> str:
        """What to do instead."""
        return "This idempotency key was used with another input within 24 hours; use a new key for a new change."


@dataclass(frozen=True, kw_only=True)
class NotFound(Refusal):
    """Anything other than a session is missing."""

    what: str

    @property
    def message(self) -> str:
        """Names what is missing."""
        return f"There is no {self.what}."


@dataclass(frozen=True, kw_only=True)
class AlreadyExists(Refusal):
    """Anything other than a session exists already."""

    what: str

    @property
    def message(self) -> str:
        """Names what is there."""
        return f"There is already {self.what}."


def cut(value: str) -> str:
    """A value inside a message, cut where it is long."""
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 3]}..."


def quoted(value: str) -> str:
    """The same for a text: in quotes."""
    return f'"{cut(value)}"'
