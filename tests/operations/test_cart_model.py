"""Cart commands of several writers at once: the cart is that of a simple model, for some order of the commands."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop, fold, line

from db.domain.cart import CartLine, LineName
from db.domain.commands import (
    AddCartItems,
    Discount,
    LineChange,
    MergeSessions,
    RemoveCartItems,
    UpdateCartItems,
)
from db.domain.errors import Refused
from db.domain.events import to_entity
from db.domain.session import CustomerSession
from db.engine import json
from db.import_export.checking import check_sessions
from db.operations.carts import add_cart_items, merge_sessions, remove_cart_items, update_cart_items
from db.operations.outcome import Outcome

CENT = Decimal("0.01")


@dataclass(frozen=True)
class ModelLine:
    """A line of the model. The id of a line that a command has added is not known."""

    sku: str
    price: Decimal
    name: str | None
    quantity: int
    id: str | None = None

    @property
    def item(self) -> tuple[str, Decimal, str | None]:
        return self.sku, self.price, self.name


@dataclass(frozen=True)
class Name:
    """A name of a line: by its id when the round began, by its position, or by its SKU."""

    kind: str
    index: int

    def of(self, ids: Sequence[str]) -> dict[str, Any]:
        if self.kind == "id":
            return {"id": ids[self.index] if self.index < len(ids) else "unknown"}
        return {"position": self.index} if self.kind == "position" else {"sku": "ab"[self.index % 2]}


@dataclass(frozen=True)
class Step:
    """A command: lines to add, or names of lines with new values."""

    verb: str
    items: tuple[ModelLine, ...] = ()
    changes: tuple[tuple[Name, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Model:
    """The open session and the one that can be merged into it."""

    lines: tuple[ModelLine, ...]
    discounts: Mapping[str, Decimal]
    version: int
    guest: tuple[ModelLine, ...] | None = field(default=None)

    def apply(self, step: Step, ids: Sequence[str]) -> tuple["Model", int | str]:
        """Return the model after a command, and its version or the reason for which it is refused."""
        guest = self.guest
        if step.verb == "add":
            lines = added(self.lines, step.items)
        elif step.verb == "merge":
            if guest is None:
                return self, "SessionNotEditable"
            lines, guest = added(self.lines, guest), None
        else:
            places: dict[int, Mapping[str, Any]] = {}
            for name, values in step.changes:
                found = self.find(**name.of(ids))
                if found is None:
                    return self, "CartLineNotFound"
                if found in places:
                    return self, "InvalidInput"
                places[found] = values
            changed = [replace(each, **places.get(place, {})) for place, each in enumerate(self.lines)]
            lines = [each for each in changed if each.quantity]
        after = replace(self, lines=tuple(lines), discounts=cut(self.discounts, lines), guest=guest)
        if (after.lines, after.discounts) != (self.lines, self.discounts):
            after = replace(after, version=self.version + 1)
        return after, after.version

    def find(self, id: str | None = None, position: int | None = None, sku: str | None = None) -> int | None:
        """Return the position of a line, or None if there is no such line or several have the SKU."""
        if position is not None:
            return position if position < len(self.lines) else None
        found = [place for place, each in enumerate(self.lines) if id in (None, each.id) and sku in (None, each.sku)]
        return found[0] if len(found) == 1 else None


def added(lines: Sequence[ModelLine], items: Sequence[ModelLine]) -> list[ModelLine]:
    """Return the lines with others put in."""
    result = list(lines)
    for item in items:
        place = next((place for place, each in enumerate(result) if each.item == item.item), None)
        if place is None:
            result.append(replace(item, id=None))
        else:
            result[place] = replace(result[place], quantity=result[place].quantity + item.quantity)
    return result


def cut(discounts: Mapping[str, Decimal], lines: Sequence[ModelLine]) -> Mapping[str, Decimal]:
    """Take a cent off the last discount until the total covers all."""
    left, total = dict(discounts), sum(each.price * each.quantity for each in lines)
    while sum(left.values()) > total:
        last = max(left)
        left[last] -= CENT
        if not left[last]:
            del left[last]
    return left


prices = st.sampled_from([Decimal("0.02"), Decimal("0.035")])
model_lines = st.builds(ModelLine, st.sampled_from("ab"), prices, st.sampled_from([None, "x"]), st.integers(1, 3))
some_lines = st.lists(model_lines, min_size=1, max_size=3).map(tuple)
line_names = st.builds(Name, st.sampled_from(["id", "id", "position", "sku"]), st.integers(0, 3))
values = st.fixed_dictionaries(
    {}, optional={"quantity": st.integers(0, 3), "price": prices, "name": st.sampled_from([None, "y"])}
)
changes = st.lists(st.tuples(line_names, values), min_size=1, max_size=2).map(tuple)
removals = st.lists(st.tuples(line_names, st.just({"quantity": 0})), min_size=1, max_size=2).map(tuple)
steps = st.one_of(
    st.builds(Step, st.just("add"), items=some_lines),
    st.builds(Step, st.just("update"), changes=changes),
    st.builds(Step, st.just("remove"), changes=removals),
    st.just(Step("merge")),
)
rounds = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=1, max_size=4)


def sent(line_: ModelLine) -> CartLine:
    return line(line_.sku, line_.quantity, str(line_.price), name=line_.name)


def command(shop: Shop, step: Step, ids: Sequence[str]) -> Any:
    """Return the operation of a step with its command."""
    session = shop.name("s1")
    names = [LineName(**name.of(ids)) for name, _ in step.changes]
    if step.verb == "add":
        return add_cart_items, AddCartItems(**session, items=[sent(each) for each in step.items])
    if step.verb == "update":
        items = [LineChange(line=name, **given) for name, (_, given) in zip(names, step.changes, strict=True)]
        return update_cart_items, UpdateCartItems(**session, items=items)
    if step.verb == "remove":
        return remove_cart_items, RemoveCartItems(**session, lines=names)
    application = shop.application_id
    return merge_sessions, MergeSessions(
        application_id=application, from_integration_id="guest", into_integration_id="s1"
    )


async def run(shop: Shop, steps: Sequence[Step], ids: Sequence[str]) -> list[int | str]:
    """Carry out all steps at once. Return the version after each, or the type of its first refusal."""

    async def answer(step: Step) -> int | str:
        operation, given = command(shop, step, ids)
        try:
            outcome: Outcome = await shop.database.write(operation, shop.till, given, shop.now)
        except Refused as refused:
            return type(refused.refusals[0]).__name__
        return outcome.version

    return await asyncio.gather(*map(answer, steps))


def outcomes(model: Model, steps: Sequence[Step], answers: Sequence[int | str], ids: Sequence[str]) -> Iterator[Model]:
    """Yield the model after each order of the steps in which the model has the same answers."""
    for order in permutations(range(len(steps))):
        after = model
        for index in order:
            after, expected = after.apply(steps[index], ids)
            if expected != answers[index]:
                break
        else:
            yield after


def stored_lines(session: CustomerSession) -> tuple[ModelLine, ...]:
    return tuple(ModelLine(each.sku, each.price, each.name, each.quantity, each.id) for each in session.cart)


def agrees(model: Model, stored: Model) -> bool:
    """Whether a model is the stored session. Any id will do for a line that has none in the model."""
    known = tuple(
        replace(there, id=None) if here.id is None else there
        for here, there in zip(model.lines, stored.lines, strict=False)
    )
    return replace(model, guest=None) == replace(stored, lines=known + stored.lines[len(model.lines) :], guest=None)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cart=some_lines, guest=some_lines, rounds=rounds)
def test_cart_is_that_of_the_model_after_commands_at_once(
    shop: Shop, cart: tuple[ModelLine, ...], guest: tuple[ModelLine, ...], rounds: list[list[Step]]
) -> None:
    shop = shop.another("Model", "EUR")
    cents = [Discount("a", CENT), Discount("b", CENT)]
    shop.create(cart_items=list(map(sent, cart)), discounts=cents)
    shop.create("guest", cart_items=list(map(sent, guest)))
    stored = Model(stored_lines(shop.session()), {"a": CENT, "b": CENT}, 1, guest)
    seen: set[str | None] = {each.id for each in stored.lines}

    for steps in rounds:
        shop.tick()
        ids = [str(each.id) for each in stored.lines]
        answers = shop.runner.run(run(shop, steps, ids))

        session = shop.session()
        now = Model(stored_lines(session), session.discounts, session.version)
        possible = [each for each in outcomes(stored, steps, answers, ids) if agrees(each, now)]
        assert possible, (stored, steps, answers, now)
        assert len({each.id for each in now.lines}) == len(now.lines)
        new = {there.id for here, there in zip(possible[0].lines, now.lines, strict=True) if here.id is None}
        assert not new & seen
        seen |= new
        stored = replace(now, guest=possible[0].guest)

    for name in ("s1", "guest"):
        folded = fold(event["changes"] for event in shop.history(name))
        assert folded == json.loads(json.dumps(to_entity(shop.session(name))))
    pages = shop.query(partial(list_checked, application_id=shop.application_id))
    assert [str(each) for page in pages for each in page.disagreements] == []


def list_checked(connection: Any, application_id: int) -> list[Any]:
    return list(check_sessions(connection, application_id))
