"""Events: their changed values, and the fold of a history to its session."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from shop import fold
from strategies import cart_lines

from db.domain import session as sessions
from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine, LineName, ReturnRequest
from db.domain.commands import UNSET, Discount, SessionContent
from db.domain.content import Rules
from db.domain.errors import Refused
from db.domain.events import EventType, changed_values, make_event, to_entity
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
DEFINITIONS = [
    AttributeDefinition(entity=kind, name=name, type=AttributeType.NUMBER, editable=name != "c")
    for kind in (AttributeEntity.CUSTOMER_SESSION, AttributeEntity.CART_ITEM)
    for name in "abc"
]
ATTRIBUTES = AttributeRules(definitions={(each.entity, each.name): each for each in DEFINITIONS})
EMPTY = CustomerSession(application_id=1, integration_id="s1", created=NOW, updated=NOW, minor_digits=2)
RULES = Rules(minor_digits=2, rounding=RoundingMode.HALF_UP, attributes=ATTRIBUTES)
FULL = sessions.update(
    EMPTY,
    SessionContent(
        profile_id="p1",
        cart_items=[CartLine(sku="A", quantity=2, price=Decimal("10.50"), attributes={"a": 1})],
        identifiers=["i1"],
        attributes={"a": 1, "b": 2},
        discounts=[Discount("spring", Decimal("1.00"))],
    ),
    RULES,
    "full-",
)


def test_first_event_has_the_whole_entity() -> None:
    created = make_event(EventType.CREATED, None, FULL, "shop")
    assert created.changes == to_entity(FULL)
    assert (created.version, created.actor, created.from_state) == (1, "shop", None)
    assert created.state is SessionState.OPEN


def test_event_has_only_the_changed_values() -> None:
    later = NOW + timedelta(hours=1)
    closed = replace(sessions.close(FULL, later), version=2, updated=later)
    event = make_event(EventType.CLOSED, FULL, closed, "shop")
    assert event.changes == {
        "state": "closed",
        "closed": "2026-03-01T11:00:00.000Z",
        "updated": "2026-03-01T11:00:00.000Z",
    }
    assert (event.version, event.occurred, event.from_state) == (2, later, SessionState.OPEN)
    assert [event.total, event.discount_total] == [21, 1]
    assert event.changed_fields == []


def test_changed_fields_are_input_fields_in_alphabetical_order() -> None:
    content = SessionContent(referral="x", coupon="y", cart_items=(), discounts=(), attributes={"b": None})
    event = make_event(EventType.UPDATED, FULL, sessions.update(FULL, content, RULES, "new-"), "shop")
    assert event.changed_fields == ["attributes", "cartItems", "coupon", "discounts", "referral"]


def test_empty_reason_is_none() -> None:
    assert make_event(EventType.CANCELLED, FULL, FULL, "shop", "").reason is None
    assert make_event(EventType.CANCELLED, FULL, FULL, "shop", "late").reason == "late"


def test_equal_entities_have_no_changed_values() -> None:
    same = SessionContent(
        profile_id="p1",
        coupon="",
        referral=None,
        cart_items=[CartLine(sku="A", quantity=2, price=Decimal("10.5000"), attributes={"a": 1.0})],
        identifiers=("i1",),
        attributes={"b": 2, "c": None},
        discounts=[Discount("spring", Decimal(1))],
    )
    for content in (SessionContent(), same):
        assert changed_values(to_entity(FULL), to_entity(sessions.update(FULL, content, RULES, "new-"))) == {}


codes = st.sampled_from([UNSET, None, "", "x", "y"])
prices = st.one_of(st.integers(0, 50), st.integers(0, 10**6)).map(lambda units: Decimal(units).scaleb(-4))
attributes = st.dictionaries(st.sampled_from("abc"), st.sampled_from([None, 1, 2]))
lines = cart_lines(
    sku=st.sampled_from("AB"), quantity=st.integers(1, 4), price=prices, attributes=st.just({}) | attributes
)
discounts = st.builds(Discount, st.sampled_from("ab"), st.integers(0, 30).map(Decimal))
requests = st.builds(
    ReturnRequest, st.builds(LineName, position=st.integers(0, 3)), st.none() | st.integers(1, 3)
) | st.builds(ReturnRequest, st.builds(LineName, sku=st.sampled_from("AB")), st.none())


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Omitted, null, or one of these."""
    return st.just(UNSET) | st.none() | values


contents = st.builds(
    SessionContent,
    profile_id=codes,
    coupon=codes,
    referral=codes,
    cart_items=maybe(st.lists(lines, max_size=4)),
    identifiers=maybe(st.lists(st.sampled_from("abcd"), max_size=4, unique=True)),
    attributes=maybe(attributes),
    discounts=maybe(st.lists(discounts, max_size=2, unique_by=lambda each: each.label)),
)


class History(RuleBasedStateMachine):
    """A session under random operations, and the events of the accepted ones."""

    @initialize(
        digits=st.sampled_from([0, 2, 3, 4]),
        rounding=st.sampled_from(RoundingMode),
        cart=st.lists(lines, min_size=1, max_size=4),
    )
    def create(self, digits: int, rounding: RoundingMode, cart: list[CartLine]) -> None:
        """Create a session with a cart, so that there are units to return."""
        self.decided = replace(RULES, minor_digits=digits, rounding=rounding)
        self.session = replace(EMPTY, minor_digits=digits)
        self.history = [to_entity(self.session)]
        self.accept(
            lambda session: sessions.update(
                session, SessionContent(cart_items=cart), self.decided, f"v{self.session.version}-"
            )
        )

    def accept(self, operation: Callable[[CustomerSession], CustomerSession]) -> None:
        """Apply an operation: refuse it as a whole, or count one version if anything changed."""
        before = to_entity(self.session)
        try:
            after = operation(self.session)
        except Refused:
            assert to_entity(self.session) == before
            return
        if changed_values(before, to_entity(after)):
            version = self.session.version + 1
            self.session = replace(after, version=version, updated=NOW + timedelta(seconds=version))
            self.history.append(changed_values(before, to_entity(self.session)))

    @rule(content=contents)
    def update(self, content: SessionContent) -> None:
        """Update the content."""
        self.accept(lambda session: sessions.update(session, content, self.decided, f"v{self.session.version}-"))

    @rule()
    def close(self) -> None:
        """Close the session."""
        self.accept(lambda session: sessions.close(session, session.updated))

    @rule(items=st.lists(requests, max_size=3))
    def return_items(self, items: list[ReturnRequest]) -> None:
        """Return units, in about half the cases too many."""
        self.accept(lambda session: sessions.return_items(session, items, self.decided.rounding, session.updated))

    @rule(reason=st.sampled_from([None, "late"]))
    def cancel(self, reason: str | None) -> None:
        """Cancel the session."""
        self.accept(lambda session: sessions.cancel(session, reason, session.updated))

    @invariant()
    def the_history_folds_to_the_session(self) -> None:
        """The fold equals the session, and versions have no gap."""
        assert fold(self.history) == to_entity(self.session)
        assert len(self.history) == self.session.version

    @invariant()
    def no_amount_is_negative(self) -> None:
        """Neither the net total nor any refund is negative."""
        session = self.session
        assert session.net_total >= 0
        assert all(item.amount >= 0 for each in session.returns for item in each.items)
        assert session.returned_total == sum(line.returned_total for line in session.cart)

    @invariant()
    def shares_sum_to_the_discounts(self) -> None:
        """Shares sum to the discounts before and after the close."""
        assert sum(line.discount_share for line in self.session.cart) == self.session.discount_total
        assert self.session.discount_total <= self.session.total


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=60, stateful_step_count=15)
