"""The customer session as a value, and what each operation makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.domain import cart, discounts, lifecycle, money, text
from db.domain.cart import CartLine, ReturnedItem, ReturnRequest
from db.domain.commands import UNSET, CreateSession, SessionContent
from db.domain.content import MAX_ID, Rules, checked_content
from db.domain.errors import DiscountExceedsTotal, InvalidInput, Refusal, Refused, TotalChanged, VersionConflict
from db.domain.lifecycle import Operation, SessionState
from db.domain.money import ZERO, RoundingMode

MAX_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReturn:
    """One return: the session's version it made, and what went back."""

    version: int
    created: datetime
    items: tuple[ReturnedItem, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSession:
    """A shopper's cart from the first item to the last return. Times are in UTC, to the millisecond."""

    application_id: int
    integration_id: str
    created: datetime
    updated: datetime
    minor_digits: int
    id: int = 0  # given by the database
    version: int = 1
    state: SessionState = SessionState.OPEN
    closed: datetime | None = None
    cancelled: datetime | None = None
    profile_id: str | None = None
    first_session: bool = True
    coupon: str | None = None
    referral: str | None = None
    cart: tuple[CartLine, ...] = ()
    identifiers: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    discounts: Mapping[str, Decimal] = field(default_factory=dict)
    returns: tuple[SessionReturn, ...] = ()

    @property
    def total(self) -> Decimal:
        """Sum of price times quantity, before discounts and returns."""
        return cart.total(self.cart)

    @property
    def discount_total(self) -> Decimal:
        """Sum of the discounts."""
        return discounts.total(self.discounts)

    @property
    def returned_total(self) -> Decimal:
        """What returns have given back."""
        return sum((each.amount for each in self.returns), ZERO)

    @property
    def net_total(self) -> Decimal:
        """Total less discounts and returns; never negative."""
        return self.total - self.discount_total - self.returned_total


def with_content(session: CustomerSession, content: SessionContent, rules: Rules) -> CustomerSession:
    """The session with ``content`` put in. Raises Refused with every rule that is broken.

    ``first_session`` is not decided here: it depends on the profile's other sessions.
    """
    new = checked_content(content, rules, session.attributes, session.cart)
    return with_shares(replace(session, **new), content)


def with_shares(session: CustomerSession, content: SessionContent) -> CustomerSession:
    """The session with its discounts shared out anew; refused where ``content`` has made them exceed the total."""
    total, discount_total = session.total, session.discount_total
    if discount_total > total:
        raise Refused(
            DiscountExceedsTotal(
                path=("cartItems" if content.discounts is UNSET else "discounts",),
                discount_total=discount_total,
                total=total,
                minor_digits=session.minor_digits,
            )
        )
    shared = cart.share_discount(session.cart, discount_total, session.minor_digits)
    return session if shared == session.cart else replace(session, cart=shared)


def expect_version(session: CustomerSession, expected: int | None) -> None:
    """Raises Refused with VersionConflict where the caller saw another version."""
    if expected is not None and expected != session.version:
        raise Refused(
            VersionConflict(
                expected=expected,
                actual=session.version,
                application_id=session.application_id,
                session_id=session.id,
            )
        )


def create(command: CreateSession, rules: Rules, now: datetime) -> CustomerSession:
    """A new session, OPEN or CLOSED. Raises Refused with every rule that is broken."""
    found: list[Refusal] = [*text.problems(command.integration_id, ("integrationId",), least=1, most=MAX_ID)]
    if command.state not in lifecycle.INITIAL:
        problem = f"A session is created OPEN or CLOSED, not {command.state.name}."
        found.append(InvalidInput(path=("state",), problem=problem))
    if found:
        raise Refused(*found)
    new = CustomerSession(
        application_id=command.application_id,
        integration_id=command.integration_id,
        created=now,
        updated=now,
        minor_digits=rules.minor_digits,
        state=command.state,
        closed=now if command.state is SessionState.CLOSED else None,
        **checked_content(command.content, rules, {}, ()),
    )
    return with_shares(new, command.content)


def update(session: CustomerSession, content: SessionContent, rules: Rules) -> CustomerSession:
    """An open session with new content."""
    lifecycle.after(session.state, Operation.UPDATE)
    return with_content(session, content, rules)


def close(session: CustomerSession, expected_total: Decimal | None, now: datetime) -> CustomerSession:
    """The session closed; refused where the caller saw another total, or names one that no cart can have."""
    state = lifecycle.after(session.state, Operation.CLOSE)
    if expected_total is not None:
        if found := [*money.problems(expected_total, ("expectedTotal",))]:
            raise Refused(*found)
        if expected_total != session.total:
            raise Refused(
                TotalChanged(expected=expected_total, actual=session.total, minor_digits=session.minor_digits)
            )
    return replace(session, state=state, closed=now)


def cancel(session: CustomerSession, reason: str | None, now: datetime) -> CustomerSession:
    """The session cancelled. The reason is kept by the event."""
    state = lifecycle.after(session.state, Operation.CANCEL)
    if found := [*text.problems(reason or "", ("reason",), most=MAX_REASON)]:
        raise Refused(*found)
    return replace(session, state=state, cancelled=now)


def return_items(
    session: CustomerSession, requests: Sequence[ReturnRequest], rounding: RoundingMode, now: datetime
) -> CustomerSession:
    """The session with units gone back, and one more return."""
    state = lifecycle.after(session.state, Operation.RETURN_ITEMS)
    lines, items = cart.return_items(session.cart, requests, session.net_total, rounding, session.minor_digits)
    amount = sum((item.amount for item in items), ZERO)
    made = SessionReturn(version=session.version + 1, created=now, items=items, amount=amount)
    return replace(session, state=state, cart=lines, returns=(*session.returns, made))
