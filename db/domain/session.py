"""The customer session as a value, and what each operation makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from db.domain import cart, discounts, lifecycle, money, text
from db.domain.attributes import AttributeEntity, AttributeRules
from db.domain.cart import CartLine, ReturnedItem, ReturnRequest
from db.domain.commands import UNSET, CreateSession, SessionContent
from db.domain.discounts import Discount
from db.domain.errors import DiscountExceedsTotal, InvalidInput, Refusal, Refused, TotalChanged, VersionConflict, quoted
from db.domain.lifecycle import Operation, SessionState
from db.domain.money import ZERO, RoundingMode

MAX_ID = 1_000
MAX_CODE = 100
MAX_IDENTIFIERS = 5
MAX_IDENTIFIER = 255
MAX_NAME = 1_000
MAX_REASON = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an application decides for its sessions."""

    minor_digits: int
    rounding: RoundingMode
    attributes: AttributeRules


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


def checked_content(
    content: SessionContent, rules: Rules, attributes: Mapping[str, Any], held: Sequence[CartLine]
) -> dict[str, Any]:
    """What ``content`` gives a session that has these attributes and lines. Raises Refused with all that is broken."""
    found: list[Refusal] = []
    new: dict[str, Any] = {}
    if content.profile_id is not UNSET:
        found.extend(text.problems(content.profile_id or "", ("profileId",), most=MAX_ID))
        new["profile_id"] = content.profile_id or None
    for name, code in (("coupon", content.coupon), ("referral", content.referral)):
        if code is not UNSET:
            found.extend(text.problems(code or "", (name,), most=MAX_CODE))
            new[name] = code or None
    if content.identifiers is not UNSET:
        new["identifiers"] = tuple(content.identifiers or ())
        found.extend(identifier_problems(new["identifiers"]))
    if content.attributes is not UNSET:
        put = rules.attributes.replaced if content.attributes is None else rules.attributes.merged
        given, entity = content.attributes or {}, AttributeEntity.CUSTOMER_SESSION
        new["attributes"] = put(entity, attributes, given, ("attributes",), found)
    if content.cart_items is not UNSET:
        new["cart"] = checked_cart(content.cart_items or (), held, rules, found)
    if content.discounts is not UNSET:
        new["discounts"] = checked_discounts(content.discounts or (), rules, found)
    if found:
        raise Refused(*found)
    return new


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


def checked_cart(
    lines: Sequence[CartLine], held: Sequence[CartLine], rules: Rules, found: list[Refusal]
) -> tuple[CartLine, ...]:
    """The lines in order, with their attributes in canonical order; what is wrong is added to ``found``.

    A line that keeps its position and its sku is the line that was there: its attributes that are not editable stand.
    """
    if len(lines) > cart.MAX_LINES:
        problem = f"Expected at most {cart.MAX_LINES} lines, got {len(lines)}."
        found.append(InvalidInput(path=("cartItems",), problem=problem))
        return ()
    before = len(found)
    checked = []
    for position, line in enumerate(lines):
        path = ("cartItems", str(position))
        found.extend(line_problems(line, path))
        kept = held[position].attributes if position < len(held) and held[position].sku == line.sku else {}
        if kept or line.attributes:
            attributes = rules.attributes.replaced(
                AttributeEntity.CART_ITEM, kept, line.attributes, (*path, "attributes"), found
            )
            line = replace(line, attributes=attributes)  # noqa: PLW2901  # the line as it will be kept
        checked.append(line)
    if len(found) == before:
        units = sum(line.quantity for line in checked)
        if units > cart.MAX_UNITS:
            problem = f"Expected at most {cart.MAX_UNITS} units in all, got {units}."
            found.append(InvalidInput(path=("cartItems",), problem=problem))
        found.extend(money.problems(cart.total(checked), ("cartItems",)))
    return tuple(checked)


def line_problems(line: CartLine, path: tuple[str, ...]) -> list[Refusal]:
    """Every rule that one line breaks, but for its attributes."""
    found = [*text.problems(line.sku, (*path, "sku"), least=1, most=MAX_NAME)]
    if not 1 <= line.quantity <= cart.MAX_UNITS:
        problem = f"Expected 1 to {cart.MAX_UNITS}, got {line.quantity}."
        found.append(InvalidInput(path=(*path, "quantity"), problem=problem))
    found.extend(money.problems(line.price, (*path, "price")))
    for name, value in (("name", line.name), ("category", line.category)):
        if value is not None:
            found.extend(text.problems(value, (*path, name), most=MAX_NAME))
    if line.product_name is not None:
        found.extend(text.problems(line.product_name, (*path, "product", "name"), least=1, most=MAX_NAME))
    for name in cart.MEASURES:
        if (measure := getattr(line, name)) is not None:
            found.extend(money.problems(measure, (*path, name)))
    return found


def identifier_problems(identifiers: Sequence[str]) -> list[Refusal]:
    """Every rule that the identifiers break."""
    found: list[Refusal] = []
    if len(identifiers) > MAX_IDENTIFIERS:
        problem = f"Expected at most {MAX_IDENTIFIERS} identifiers, got {len(identifiers)}."
        return [InvalidInput(path=("identifiers",), problem=problem)]
    for index, identifier in enumerate(identifiers):
        path = ("identifiers", str(index))
        found.extend(text.problems(identifier, path, least=1, most=MAX_IDENTIFIER))
        if identifier in identifiers[:index]:
            found.append(InvalidInput(path=path, problem=f"The identifier {quoted(identifier)} stands twice."))
    return found


def checked_discounts(given: Sequence[Discount], rules: Rules, found: list[Refusal]) -> Mapping[str, Decimal]:
    """The discounts in label order; what is wrong is added to ``found``."""
    before = len(found)
    found.extend(discounts.problems(given, rules.minor_digits))
    by_label = discounts.in_label_order(given)
    if len(found) == before:
        found.extend(money.problems(discounts.total(by_label), ("discounts",)))
    return by_label


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
