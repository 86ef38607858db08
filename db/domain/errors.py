"""Refusals: the reasons for which the domain refuses a change. Each carries facts and builds its message from them."""

from dataclasses import dataclass
from decimal import Decimal

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.decimals import format_decimal
from db.domain.lifecycle import SessionState

MAX_QUOTED = 60


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A reason to refuse a change. ``path`` leads into the input: ``("cartItems", "2", "price")``."""

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
        return self.problem


@dataclass(frozen=True, kw_only=True)
class SessionNotFound(Refusal):
    """No session of the application has this integration ID."""

    integration_id: str
    path: tuple[str, ...] = ("integrationId",)

    @property
    def message(self) -> str:
        return f"There is no session {quote(self.integration_id)} in this application."


@dataclass(frozen=True, kw_only=True)
class SessionAlreadyExists(Refusal):
    """Another session of the application has this integration ID: ``application_id`` and ``session_id`` identify it."""

    integration_id: str
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("integrationId",)

    @property
    def message(self) -> str:
        return f"A session {quote(self.integration_id)} already exists in this application."


@dataclass(frozen=True, kw_only=True)
class InvalidTransition(Refusal):
    """The session's state does not permit the operation. ``to`` is the state that the operation leads to."""

    from_: SessionState
    to: SessionState
    next_states: tuple[SessionState, ...]

    @property
    def message(self) -> str:
        possible = " or ".join(state.name for state in self.next_states)
        advice = f"it can become {possible}" if possible else "no other state is possible"
        return f"A session that is {self.from_.name} cannot become {self.to.name}; {advice}."


@dataclass(frozen=True, kw_only=True)
class SessionNotEditable(Refusal):
    """The session is no longer open."""

    state: SessionState

    @property
    def message(self) -> str:
        return f"Only an OPEN session can be updated; this session is {self.state.name}."


@dataclass(frozen=True, kw_only=True)
class VersionConflict(Refusal):
    """The session has changed since the caller read it."""

    expected_version: int
    actual_version: int
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("expectedVersion",)

    @property
    def message(self) -> str:
        return f"The session is at version {self.actual_version}, not {self.expected_version}."


@dataclass(frozen=True, kw_only=True)
class RevisionConflict(Refusal):
    """The campaign's content has changed since the caller read it."""

    expected_revision: int
    actual_revision: int
    path: tuple[str, ...] = ("expectedRevision",)

    @property
    def message(self) -> str:
        return f"The campaign is at revision {self.actual_revision}, not {self.expected_revision}."


@dataclass(frozen=True, kw_only=True)
class TotalChanged(Refusal):
    """The session's total differs from the total that the caller expects."""

    expected_total: Decimal
    actual_total: Decimal
    minor_digits: int
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("expectedTotal",)

    @property
    def message(self) -> str:
        amounts = (self.actual_total, self.expected_total)
        actual, expected = (format_decimal(each, self.minor_digits) for each in amounts)
        return f"The session's total is {actual}, not {expected}."


@dataclass(frozen=True, kw_only=True)
class NetTotalChanged(Refusal):
    """The session's net total differs from the net total that the caller expects."""

    expected_net_total: Decimal
    actual_net_total: Decimal
    minor_digits: int
    application_id: int
    session_id: int
    path: tuple[str, ...] = ("expectedNetTotal",)

    @property
    def message(self) -> str:
        amounts = (self.actual_net_total, self.expected_net_total)
        actual, expected = (format_decimal(each, self.minor_digits) for each in amounts)
        return f"The session's net total is {actual}, not {expected}."


@dataclass(frozen=True, kw_only=True)
class CartLineNotFound(Refusal):
    """The cart has no such line, or has several lines with the given SKU."""

    problem: str

    @property
    def message(self) -> str:
        return self.problem


@dataclass(frozen=True, kw_only=True)
class ReturnExceedsRemaining(Refusal):
    """A return asks for more units than its line has left."""

    position: int
    requested: int
    remaining: int

    @property
    def message(self) -> str:
        return f"Line {self.position} has {self.remaining} units left to return, but {self.requested} were requested."


@dataclass(frozen=True, kw_only=True)
class DiscountExceedsTotal(Refusal):
    """The discounts sum to more than the cart's total."""

    discount_total: Decimal
    total: Decimal
    minor_digits: int

    @property
    def message(self) -> str:
        discounts, total = (format_decimal(each, self.minor_digits) for each in (self.discount_total, self.total))
        return f"The discounts sum to {discounts}, more than the cart's total of {total}."


@dataclass(frozen=True, kw_only=True)
class UnknownAttribute(Refusal):
    """No attribute of this name is defined for the entity."""

    name: str
    entity: AttributeEntity

    @property
    def message(self) -> str:
        return f"No attribute {quote(self.name)} is defined for {self.entity.name}."


@dataclass(frozen=True, kw_only=True)
class InvalidAttributeValue(Refusal):
    """The attribute's definition does not allow the value."""

    name: str
    entity: AttributeEntity
    type: AttributeType
    allowed_values: tuple[str, ...] | None
    problem: str

    @property
    def message(self) -> str:
        return f"Attribute {quote(self.name)}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class IdempotencyKeyReused(Refusal):
    """The idempotency key was used with another input within 24 hours."""

    path: tuple[str, ...] = ("idempotencyKey",)

    @property
    def message(self) -> str:
        return "This idempotency key was used with another input within 24 hours; use a new key for a new change."


@dataclass(frozen=True, kw_only=True)
class NotFound(Refusal):
    """An entity other than a session is missing. ``what`` names it."""

    what: str

    @property
    def message(self) -> str:
        return f"There is no {self.what}."


@dataclass(frozen=True, kw_only=True)
class AlreadyExists(Refusal):
    """An entity other than a session exists already. ``what`` names it."""

    what: str

    @property
    def message(self) -> str:
        return f"There is already {self.what}."


def truncate(value: str) -> str:
    """Shorten a long value for use in a message."""
    return value if len(value) <= MAX_QUOTED else f"{value[: MAX_QUOTED - 3]}..."


def quote(value: str) -> str:
    """Quote a text for use in a message, and shorten it if it is long."""
    return f'"{truncate(value)}"'
