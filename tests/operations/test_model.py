"""A stateful model test: after any operations the tables equal the domain's own values."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from shop import Shop, fold, line
from strategies import cart_lines

from db.domain import session as sessions
from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import AttributeRules
from db.domain.cart import LineName, ReturnRequest
from db.domain.commands import CreateSession, Discount, SessionContent
from db.domain.content import Rules
from db.domain.errors import Refusal, Refused, SessionAlreadyExists, SessionNotFound
from db.domain.events import to_entity
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.session import CustomerSession
from db.engine import json
from db.operations.outcome import Outcome

Answer = tuple[int, int] | tuple[Refusal, ...]
Change = Callable[[CustomerSession, datetime], CustomerSession]

# Mostly valid input, since a refusal changes no state.
names = st.sampled_from(["s1", "s2", "s1", "s2", "s3"])
versions = st.sampled_from([None, None, None, None, 1, 2, 3])
quantities = st.sampled_from([1, 2, 3, 1, 2, 3, 0])
prices = st.decimals(0, 20, places=2) | st.decimals(0, 2, places=4)
attributes = st.dictionaries(st.just("size"), st.sampled_from([1, 2.5, None]), max_size=1) | st.dictionaries(
    st.sampled_from(["mood", "unknown"]), st.sampled_from(["good", "bad", 1, None]), max_size=2
)
sizes = st.dictionaries(st.just("size"), st.sampled_from([1, 2.5, None]), max_size=1)
lines = cart_lines(sku=st.sampled_from("ab"), quantity=quantities, price=prices, attributes=sizes)
contents = st.fixed_dictionaries(
    {},
    optional={
        "profile_id": st.sampled_from([None, "", "ada", "grace"]),
        "coupon": st.sampled_from([None, "SPRING", "SUMMER", "x" * 101]),
        "cart_items": st.none() | st.lists(lines, max_size=3),
        "identifiers": st.lists(st.sampled_from(["one", "two", "three"]), max_size=3, unique=True),
        "attributes": st.none() | attributes,
        "discounts": st.lists(
            st.builds(Discount, st.sampled_from("xy"), st.integers(0, 100).map(lambda cents: Decimal(cents) / 100)),
            max_size=2,
            unique_by=lambda discount: discount.label,
        ),
    },
)
requests = st.builds(
    ReturnRequest, st.builds(LineName, position=st.sampled_from([0, 0, 1, 2])), st.sampled_from([None, 1, 1, 2, 0])
)

DEFINED = {
    (definition.entity, definition.name): definition
    for definition in (
        AttributeDefinition(
            entity=AttributeEntity.CUSTOMER_SESSION,
            name="mood",
            type=AttributeType.STRING,
            allowed_values=("good", "bad"),
            editable=False,
        ),
        AttributeDefinition(entity=AttributeEntity.CUSTOMER_SESSION, name="size", type=AttributeType.NUMBER),
        AttributeDefinition(entity=AttributeEntity.CART_ITEM, name="size", type=AttributeType.NUMBER, editable=False),
    )
}
RULES = Rules(minor_digits=2, rounding=RoundingMode.HALF_UP, attributes=AttributeRules(definitions=DEFINED))


class Till(RuleBasedStateMachine):
    """An application in the database, and the same sessions as values of the domain."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop.another("Model", "EUR")
        self.model: dict[str, CustomerSession] = {}
        self.changed_names: set[str] = set()

    @initialize()
    def open(self) -> None:
        """Define attributes and create two sessions, one of them closed."""
        for each in DEFINED.values():
            self.shop.define(
                each.entity, each.name, each.type, allowed_values=each.allowed_values, editable=each.editable
            )
        for name in ("s1", "s2"):
            self.create(
                name=name,
                closed=name == "s2",
                content={"profile_id": "ada", "cart_items": [line(quantity=3), line("pear")]},
            )

    @rule(name=names, closed=st.booleans(), content=contents)
    def create(self, name: str, closed: bool, content: dict[str, Any]) -> None:
        state = SessionState.CLOSED if closed else SessionState.OPEN
        stored = answer(lambda: self.shop.create(name, state, **content))
        assert stored == answer(lambda: self.created(name, state, content, stored))

    @rule(name=names, content=contents, version=versions)
    def update(self, name: str, content: dict[str, Any], version: int | None) -> None:
        stored = answer(lambda: self.shop.update(name, version, **content))
        assert stored == answer(lambda: self.changed(name, version, self.updated(content)))

    @rule(name=names, content=contents)
    def upsert(self, name: str, content: dict[str, Any]) -> None:
        stored = answer(lambda: self.shop.upsert(name, **content))
        if name in self.model:
            assert stored == answer(lambda: self.changed(name, None, self.updated(content)))
        else:
            assert stored == answer(lambda: self.created(name, SessionState.OPEN, content, stored))

    @rule(name=names, total=st.sampled_from([None, None, "4.00"]), version=versions)
    def close(self, name: str, total: str | None, version: int | None) -> None:
        expected = None if total is None else Decimal(total)
        stored = answer(lambda: self.shop.close(name, total, version))
        assert stored == answer(
            lambda: self.changed(name, version, lambda before, now: sessions.close(before, now, expected))
        )

    @rule(name=names, version=versions)
    def cancel(self, name: str, version: int | None) -> None:
        stored = answer(lambda: self.shop.cancel(name, "why not", version))
        assert stored == answer(
            lambda: self.changed(name, version, lambda before, now: sessions.cancel(before, "why not", now))
        )

    @rule(name=names, items=st.lists(requests, max_size=2), version=versions)
    def take_back(self, name: str, items: list[ReturnRequest], version: int | None) -> None:
        stored = answer(lambda: self.shop.return_items(*items, integration_id=name, version=version))
        assert stored == answer(
            lambda: self.changed(
                name, version, lambda before, now: sessions.return_items(before, items, RULES.rounding, now)
            )
        )

    @invariant()
    def changed_sessions_are_equal(self) -> None:
        """Compare only the changed sessions: comparing all of them would take longer than the steps."""
        self.compare(self.changed_names)
        self.changed_names.clear()

    def teardown(self) -> None:
        """Compare all sessions at the end."""
        self.compare(set(self.model))

    def compare(self, names: set[str]) -> None:
        """Compare stored sessions and their histories with the model."""
        for name in names:
            session = self.model[name]
            assert self.shop.session(name) == session
            history = self.shop.history(name)
            assert [event["version"] for event in history] == list(range(1, session.version + 1))
            assert fold(event["changes"] for event in history) == json.loads(json.dumps(to_entity(session)))

    def created(self, name: str, state: SessionState, content: dict[str, Any], stored: Answer) -> Outcome:
        """Create a session in the model, with the id that the database gave it."""
        command = CreateSession(**self.shop.name(name), state=state, content=SessionContent(**content))
        new = replace(sessions.create(command, RULES, self.shop.now, self.line_prefix()), id=cast(int, stored[0]))
        if name in self.model:
            raise Refused(
                SessionAlreadyExists(
                    integration_id=name, application_id=self.shop.application_id, session_id=self.model[name].id
                )
            )
        return self.put(replace(new, first_session=self.is_first(new)))

    def updated(self, content: dict[str, Any]) -> Change:
        """Return the update as a function of the domain."""

        def update(before: CustomerSession, _: datetime) -> CustomerSession:
            after = sessions.update(before, SessionContent(**content), RULES, self.line_prefix())
            return (
                after if after.profile_id == before.profile_id else replace(after, first_session=self.is_first(after))
            )

        return update

    def changed(self, name: str, version: int | None, change: Change) -> Outcome:
        """Change a session in the model."""
        if name not in self.model:
            raise Refused(SessionNotFound(integration_id=name))
        before = self.model[name]
        sessions.check_version(before, version)
        after = change(before, self.shop.now)
        if to_entity(after) == to_entity(before):
            return Outcome(before.application_id, before.id, before.version)
        return self.put(replace(after, version=before.version + 1, updated=self.shop.now))

    def line_prefix(self) -> str:
        """Return the prefix of the ids of the lines that the operation at this moment adds."""
        return f"{self.shop.now.timestamp():.0f}-"

    def is_first(self, session: CustomerSession) -> bool:
        """Return whether no other session has its profile."""
        others = (each for each in self.model.values() if each.id != session.id)
        return session.profile_id is None or all(each.profile_id != session.profile_id for each in others)

    def put(self, session: CustomerSession) -> Outcome:
        self.model[session.integration_id] = session
        self.changed_names.add(session.integration_id)
        return Outcome(session.application_id, session.id, session.version)


def answer(change: Callable[[], Outcome]) -> Answer:
    """Return the id and version that an operation returns, or its refusals."""
    try:
        outcome = change()
    except Refused as refused:
        return refused.refusals
    return outcome.session_id, outcome.version


def test_tables_equal_the_domain_model_after_any_operations(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class TillOfShop(Till):
        def __init__(self) -> None:
            super().__init__(shop)
            monkeypatch.setattr("db.operations.sessions.new_line_prefix", self.line_prefix)

    run_state_machine_as_test(
        TillOfShop,
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
