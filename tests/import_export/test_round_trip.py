"""An export that is imported elsewhere is exported from there byte for byte, and passes the check."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop, line, units
from strategies import cart_lines
from transfer import disagreements, export_from, file, import_into, messages, record, records_of

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import Discount
from db.domain.errors import Refused
from db.domain.lifecycle import SessionState

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
prices = st.decimals(0, 20, places=2) | st.decimals(0, 2, places=4)
sizes: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.just("size"), st.sampled_from([1, -2.5, 100.0, 2**53]), max_size=1
)
lines = cart_lines(
    sku=st.sampled_from("ab"),
    quantity=st.integers(1, 4),
    price=prices,
    name=st.none() | words,
    category=st.none() | words,
    product_name=st.none() | words.filter(bool),
    weight=st.none() | prices,
    attributes=sizes,
)
discounts: st.SearchStrategy[Discount] = st.builds(
    Discount, words.filter(bool), st.integers(0, 200).map(lambda cents: Decimal(cents) / 100)
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "cart_items": st.lists(lines, max_size=3),
        "profile_id": st.sampled_from(["", "ada", "grace"]),
        "coupon": words,
        "identifiers": st.lists(words.filter(bool), max_size=3, unique=True),
        "attributes": sizes,
        "discounts": st.lists(discounts, max_size=2, unique_by=attrgetter("label")),
    },
)
names = st.sampled_from(["s1", "s2", "s3"])
returned = st.lists(st.builds(units, st.sampled_from([0, 0, 1, 2]), st.sampled_from([None, 1, 1, 2])), max_size=3)
changes: st.SearchStrategy[Callable[[Shop], object]] = st.one_of(
    st.builds(lambda name, content: lambda shop: shop.upsert(name, **content), names, contents),
    st.builds(lambda name, content: lambda shop: shop.create(name, SessionState.CLOSED, **content), names, contents),
    st.builds(lambda name: lambda shop: shop.close(name), names),
    st.builds(lambda name, items: lambda shop: shop.return_items(*items, integration_id=name), names, returned),
    st.builds(lambda name, items: lambda shop: shop.return_items(*items, integration_id=name), names, returned),
    st.builds(lambda name: lambda shop: shop.cancel(name), names),
)


def of_application(content: bytes, shop: Shop) -> bytes:
    """Return the file as the other application exports it."""
    own = b'"applicationId":%d,' % shop.application_id
    return b"\n".join(line.replace(own, b'"applicationId":1,') for line in content.split(b"\n"))


def opened(shop: Shop) -> Shop:
    """Return another application with the same attribute definitions."""
    made = shop.another("Another", "EUR")
    for each in (AttributeEntity.CUSTOMER_SESSION, AttributeEntity.CART_ITEM):
        made.define(each, "size", AttributeType.NUMBER)
    return made


def assert_moves(origin: Shop) -> None:
    """Export the sessions of an application, import them into another, and back again."""
    exported = export_from(origin)
    if not exported:
        return
    elsewhere = opened(origin)
    report = import_into(elsewhere, exported)
    assert messages(report) == []
    assert of_application(export_from(elsewhere), elsewhere) == of_application(exported, origin)
    assert disagreements(elsewhere) == []
    again = import_into(elsewhere, exported)
    assert (again.created, again.failed, again.unchanged) == (0, 0, report.created)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(changes, max_size=12))
def test_any_sessions_are_exported_and_imported_unchanged(shop: Shop, changes: list[Callable[[Shop], object]]) -> None:
    origin = opened(shop)
    for change in changes:
        with suppress(Refused):
            change(origin)

    assert disagreements(origin) == []
    assert_moves(origin)


def test_discounts_returns_and_cancellation_are_exported_and_imported(shop: Shop) -> None:
    origin = opened(shop)
    content: dict[str, Any] = {
        "profile_id": "ada",
        "cart_items": [line(quantity=3, price="0.3333", attributes={"size": 2.5}), line("pear", 2, "10.00")],
        "discounts": [Discount("spring", Decimal("0.10")), Discount("autumn", Decimal("1.01"))],
        "identifiers": ["till 4", "till 3"],
        "attributes": {"size": 1},
    }
    origin.create("s1")
    origin.update("s1", coupon="SPRING")
    origin.update("s1", **content)
    origin.close("s1")
    origin.return_items(units(1, 1), units(0, 1))
    origin.return_items(units(0, 1), units(0, 1))
    origin.cancel("s1")
    origin.create("s2", SessionState.CLOSED, **content)
    origin.return_items(units(1), integration_id="s2")
    origin.create("s3", **content)

    assert_moves(origin)


def test_first_session_is_kept_where_sessions_have_changed_profiles(shop: Shop) -> None:
    origin = opened(shop)
    origin.create("was ada's", profile_id="ada")
    origin.create("ada's", profile_id="ada")
    origin.update("was ada's", profile_id="grace")
    origin.create("came late")
    origin.create("new", profile_id="new")
    origin.update("came late", profile_id="new")

    exported = {each["integrationId"]: each for each in records_of(export_from(origin))}

    assert [name for name, each in exported.items() if "firstSessionStands" in each] == ["ada's", "came late", "new"]
    assert_moves(origin)


def test_imported_session_has_a_history_with_the_dates_of_the_file(shop: Shop) -> None:
    shop.create(cart_items=[line(quantity=2)])
    shop.update(coupon="SPRING")
    shop.close()
    shop.return_items(units(0, 1))
    shop.return_items(units(0, 1))
    shop.cancel(reason="all wrong")
    elsewhere = shop.another("Another", "EUR")

    import_into(elsewhere, export_from(shop))

    there, here = elsewhere.history(), shop.history()
    for name in ("version", "type", "state", "from_state", "total", "discount_total"):
        assert [event[name] for event in there] == [event[name] for event in here]
    assert [event["occurred"] for event in there[2:]] == [event["occurred"] for event in here[2:]]
    assert (
        there[0]["occurred"] == there[1]["occurred"] == here[0]["occurred"]
    )  # the file does not have the time of the update
    assert {event["actor"] for event in there} == {"import"}
    assert {event["reason"] for event in there} == {None}


def test_closed_session_without_closing_time_was_closed_when_updated(shop: Shop) -> None:
    import_into(shop, file(record(updated="2026-03-01T12:00:00+01:00"), record("s2", updated="2026-03-02T00:00:00Z")))

    assert [event["type"] for event in shop.history("s1")] == ["created", "closed"]
    assert shop.session("s1").closed == shop.session("s1").updated
    assert records_of(export_from(shop))[0]["closed"] == "2026-03-01T11:00:00.000Z"
    assert disagreements(shop) == []


def test_updated_open_session_has_an_updated_event(shop: Shop) -> None:
    import_into(shop, file(record(state="open", updated="2026-03-01T10:00:01Z")))

    assert [(event["version"], event["type"]) for event in shop.history()] == [(1, "created"), (2, "updated")]
    assert disagreements(shop) == []


@pytest.mark.parametrize(("version", "imported"), [(10_003, 10_003), (10_004, 10_003), (2**31 - 1, 10_003)])
def test_session_with_many_updates_before_its_first_return_is_imported(shop: Shop, version: int, imported: int) -> None:
    item = {"position": 0, "quantity": 1, "amount": 1.25}
    made = {"version": version, "created": "2026-03-01T12:00:00.000Z", "items": [item], "amount": 1.25}
    content = file(
        record(
            state="partially_returned",
            closed="2026-03-01T11:00:00.000Z",
            updated="2026-03-01T12:00:00.000Z",
            cartItems=[{"sku": "apple", "quantity": 2, "price": 1.25, "returnedQuantity": 1}],
            returns=[made],
        )
    )

    reports = [import_into(shop, content) for _ in range(2)]

    assert [(report.created, report.unchanged, messages(report)) for report in reports] == [(1, 0, []), (0, 1, [])]
    assert [each.version for each in shop.session().returns] == [imported]
    assert disagreements(shop) == []


def test_export_of_a_session_with_many_updates_is_imported_into_the_same_application(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.import_export.replay.MAX_UPDATES", 2)
    shop.create(cart_items=[line(quantity=2)])
    for number in range(5):
        shop.update(coupon=str(number))
    shop.close()
    shop.return_items(units(0, 1))
    shop.return_items(units(0, 1))
    content = export_from(shop)

    report = import_into(shop, content)
    assert (report.unchanged, messages(report)) == (1, [])

    other = shop.another("Other", "EUR")
    assert import_into(other, content).created == 1
    assert [each.version for each in other.session().returns] == [5, 6]
    assert import_into(other, content).unchanged == 1
    assert disagreements(other) == []


def test_line_without_an_id_gets_one_and_is_the_same_when_imported_again(shop: Shop) -> None:
    lines = [{"sku": "apple", "quantity": 1, "price": 1}, {"id": "second", "sku": "apple", "quantity": 1, "price": 1}]
    content = file(record(cartItems=lines, total=2), record("s2", cartItems=lines, total=2))

    reports = [import_into(shop, content) for _ in range(2)]

    assert [(report.created, report.unchanged, messages(report)) for report in reports] == [(2, 0, []), (0, 2, [])]
    new, kept = zip(*([line.id for line in shop.session(name).cart] for name in ("s1", "s2")), strict=True)
    assert len({*new, None}) == 3
    assert kept == ("second", "second")
    assert disagreements(shop) == []


def test_session_with_another_id_of_a_line_is_another(shop: Shop) -> None:
    def content(id_: str) -> bytes:
        return file(record(cartItems=[{"id": id_, "sku": "apple", "quantity": 2, "price": 1.25}]))

    import_into(shop, content("one"))

    assert messages(import_into(shop, content("two"))) == [
        'line 1: integrationId: "s1" exists already, with another cartItems.'
    ]
