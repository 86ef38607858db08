"""The customer session, and a pure function for each change of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.domain import cart, lifecycle, money, text
from db.domain.cart import CartLine, ReturnedItem, ReturnRequest
from db.domain.cart_content import id_problems
from db.domain.commands import UNSET, CreateSession, SessionContent
from db.domain.content import Rules, validate_content
from db.domain.errors import (
    DiscountExceedsTotal,
    InvalidInput,
    InvalidTransition,
    NetTotalChanged,
    Refusal,
    Refused,
    SessionNotEditable,
    TotalChanged,
    VersionConflict,
)
from db.domain.lifecycle import Operation, SessionState
from db.domain.money import ZERO, RoundingMode
from db.domain.promotions.allocated_discount import AllocatedDiscount
from db.domain.size import ROW_BYTES, json_size, texts_size

MAX_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReturn:
    """One return. ``version`` is the session's version after it, ``amount`` the whole refund."""

    version: int
    created: datetime
    items: tuple[ReturnedItem, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSession:
    """A shopper's cart from the first item to the last return. Times are in UTC, to the millisecond.

    ``discounts`` are those of the caller, ``promotions`` those of campaigns. ``evaluation`` is the record of the
    evaluation that gave the latter.
    """

    application_id: int
    integration_id: str
    created: datetime
    updated: datetime
    minor_digits: int
    id: int = 0  # assigned by the database
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
    promotions: tuple[AllocatedDiscount, ...] = ()
    evaluation: Mapping[str, Any] | None = None
    returns: tuple[SessionReturn, ...] = ()

    @property
    def total(self) -> Decimal:
        """Sum of price times quantity, before discounts and returns."""
        return cart.total(self.cart)

    @property
    def discount_total(self) -> Decimal:
        """Sum of the discounts."""
        given = sum(self.discounts.values(), ZERO)
        return sum([each.amount for each in self.promotions], given) if self.promotions else given

    @property
    def discounts_by_label(self) -> Mapping[str, Decimal]:
        """The amounts of all discounts, in the order of their labels."""
        if not self.promotions:
            return self.discounts
        return dict(sorted({**self.discounts, **{each.label: each.amount for each in self.promotions}}.items()))

    @property
    def returned_total(self) -> Decimal:
        """Sum of the refunds."""
        return sum((each.amount for each in self.returns), ZERO)

    @property
    def content_sizes(self) -> Mapping[str, int]:
        """The bytes of the input fields that can be large."""
        return {
            "cartItems": cart.size(self.cart),
            "attributes": json_size(self.attributes) if self.attributes else 0,
            "discounts": ROW_BYTES * len(self.discounts) + texts_size(self.discounts),
        }

    @property
    def content_size(self) -> int:
        """The bytes of the content that callers set."""
        given = (self.integration_id, self.profile_id, self.coupon, self.referral)
        texts = [*given, *self.identifiers, *self.discounts, *cart.texts(self.cart)]  # escaped at once, which is faster
        rows = len(self.cart) + len(self.discounts) + len(self.identifiers)
        attributes = json_size(self.attributes) if self.attributes else 0
        return ROW_BYTES * rows + texts_size(texts) + attributes + cart.attributes_size(self.cart)

    @property
    def size(self) -> int:
        """The bytes of its content and returns, of the discounts of campaigns, and of the shares that lines have."""
        size = self.content_size + ROW_BYTES * len(self.discounts) * len(self.cart)
        for each in self.promotions:
            size += ROW_BYTES * (1 + len(each.shares)) + texts_size((each.label, each.campaign_name))
        for made in self.returns:
            size += ROW_BYTES * (1 + len(made.items)) + texts_size(self.cart[item.position].sku for item in made.items)
        return size

    @property
    def is_sale(self) -> bool:
        """Whether the session counts in the sums of its profile."""
        return self.state in lifecycle.SALES

    @property
    def net_total(self) -> Decimal:
        """Total less discounts and returns; never negative."""
        return self.total - self.discount_total - self.returned_total


def apply_content(session: CustomerSession, content: SessionContent, rules: Rules, id_prefix: str) -> CustomerSession:
    """Return the session with ``content`` applied. Raises Refused with every rule that is broken.

    Ids of new lines begin with ``id_prefix``. ``first_session`` is left as it is: it depends on the profile's other
    sessions. The discounts of campaigns are left out: the next evaluation brings those of the new content.
    """
    new = validate_content(content, rules, session.attributes, session.cart, id_prefix)
    changed = replace(session, promotions=(), **new)
    if content.discounts is not UNSET:
        check_discounts(changed)
    return share_discounts(changed)


def check_discounts(session: CustomerSession) -> None:
    """Raises Refused with DiscountExceedsTotal if the discounts sum to more than the total."""
    if session.discount_total > session.total:
        raise Refused(
            DiscountExceedsTotal(
                path=("discounts",),
                discount_total=session.discount_total,
                total=session.total,
                minor_digits=session.minor_digits,
            )
        )


def share_discounts(session: CustomerSession) -> CustomerSession:
    """Return the session with its discounts allocated to its lines, cut where they sum to more than the total."""
    total, discount_total = session.total, session.discount_total
    if discount_total > total:
        session = replace(session, discounts=money.cut(session.discounts, total, session.minor_digits))
        discount_total = session.discount_total
    shared = cart.share_discount(session.cart, discount_total, session.minor_digits)
    return session if shared == session.cart else replace(session, cart=shared)


def check_transition(session: CustomerSession, operation: Operation) -> SessionState:
    """Return the state that ``operation`` leads to.

    Raises Refused if the session's state does not permit it: with SessionNotEditable for an update, with
    InvalidTransition for any other operation.
    """
    state, target = session.state, lifecycle.TARGET[operation]
    if operation in lifecycle.TRANSITIONS[state]:
        return target
    if operation is Operation.UPDATE:
        raise Refused(SessionNotEditable(state=state))
    raise Refused(InvalidTransition(from_=state, to=target, next_states=lifecycle.next_states(state)))


def check_version(session: CustomerSession, expected: int | None) -> None:
    """Raises Refused with VersionConflict if the caller expects another version."""
    if expected is not None and expected != session.version:
        raise Refused(
            VersionConflict(
                expected_version=expected,
                actual_version=session.version,
                application_id=session.application_id,
                session_id=session.id,
            )
        )


def check_size(before: CustomerSession | None, after: CustomerSession, max_bytes: int) -> None:
    """Raises Refused with InvalidInput if a change makes the content of the session larger than ``max_bytes``.

    The path is the input field by which it grows most.
    """
    size = after.content_size
    if size <= max_bytes or (before is not None and size <= before.content_size):
        return
    new = after.content_sizes
    old = before.content_sizes if before is not None else dict.fromkeys(new, 0)
    field_name = max(new, key=lambda name: new[name] - old[name])
    problem = f"The session would hold {size} bytes; the limit is {max_bytes}."
    raise Refused(InvalidInput(path=(field_name,), problem=problem))


def create(command: CreateSession, rules: Rules, now: datetime, id_prefix: str) -> CustomerSession:
    """Return a new session, whose lines get ids that begin with ``id_prefix``.

    Raises Refused with every rule that is broken.
    """
    found: list[Refusal] = [*text.key_problems(command.integration_id, ("integrationId",))]
    if command.state not in lifecycle.INITIAL:
        problem = f"A session is created OPEN or CLOSED, not {command.state.name}."
        found.append(InvalidInput(path=("state",), problem=problem))
    if command.content.cart_items is not UNSET:
        found.extend(id_problems(command.content.cart_items or (), "cartItems"))
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
        **validate_content(command.content, rules, {}, (), id_prefix),
    )
    if command.content.discounts is not UNSET:
        check_discounts(new)
    return share_discounts(new)


def update(session: CustomerSession, content: SessionContent, rules: Rules, id_prefix: str) -> CustomerSession:
    """Return the session with new content. Raises Refused unless it is open."""
    check_transition(session, Operation.UPDATE)
    return apply_content(session, content, rules, id_prefix)


def close(session: CustomerSession, now: datetime, expected_total: Decimal | None = None) -> CustomerSession:
    """Return the closed session. Raises Refused with TotalChanged if the caller expects another total."""
    state = check_transition(session, Operation.CLOSE)
    money.check_amount(expected_total, "expectedTotal")
    if expected_total is not None and expected_total != session.total:
        raise Refused(
            TotalChanged(
                expected_total=expected_total,
                actual_total=session.total,
                minor_digits=session.minor_digits,
                application_id=session.application_id,
                session_id=session.id,
            )
        )
    return replace(session, state=state, closed=now)


def check_net_total(session: CustomerSession, expected: Decimal | None) -> None:
    """Raises Refused if the caller expects another net total of a session that is about to be closed.

    That is NetTotalChanged, or InvalidInput if the session is created closed: then there is none to show.
    """
    if expected is None or expected == session.net_total:
        return
    changed = NetTotalChanged(
        expected_net_total=expected,
        actual_net_total=session.net_total,
        minor_digits=session.minor_digits,
        application_id=session.application_id,
        session_id=session.id,
    )
    raise Refused(changed if session.id else InvalidInput(path=changed.path, problem=changed.message))


def cancel(session: CustomerSession, reason: str | None, now: datetime) -> CustomerSession:
    """Return the cancelled session. The reason is only checked: the event stores it."""
    state = check_transition(session, Operation.CANCEL)
    if found := [*text.problems(reason or "", ("reason",), max_length=MAX_REASON)]:
        raise Refused(*found)
    return replace(session, state=state, cancelled=now)


def return_items(
    session: CustomerSession, requests: Sequence[ReturnRequest], rounding: RoundingMode, now: datetime
) -> CustomerSession:
    """Return the session with the units returned and one more SessionReturn."""
    state = check_transition(session, Operation.RETURN_ITEMS)
    lines, items = cart.return_items(session.cart, requests, session.net_total, rounding, session.minor_digits)
    amount = sum((item.amount for item in items), ZERO)
    new = SessionReturn(version=session.version + 1, created=now, items=items, amount=amount)
    return replace(session, state=state, cart=lines, returns=(*session.returns, new))
