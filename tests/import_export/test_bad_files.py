"""Problems of a file are reported with line and field, and no session is imported in part."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from shop import Shop, line
from transfer import disagreements, export_from, file, import_into, messages, record, records_of

from db.domain.attribute_definition import AttributeEntity, UnknownAttributes
from db.import_export import lines

GOOD = record("before", profileId="ada")
RETURNED = {
    "state": "partially_returned",
    "closed": "2026-03-01T10:00:00.000Z",
    "updated": "2026-03-02T10:00:00.000Z",
    "cartItems": [{"sku": "apple", "quantity": 2, "price": 1.25, "returnedQuantity": 1}],
}
RETURN = {
    "version": 2,
    "created": "2026-03-02T10:00:00.000Z",
    "items": [{"position": 0, "quantity": 1, "amount": 1.25}],
    "amount": 1.25,
}


def returned(**changes: Any) -> dict[str, Any]:
    """Return a record of a purchase of which one apple was returned."""
    return {**RETURNED, "returns": [{**RETURN, **changes}]}


def item(**changes: Any) -> dict[str, Any]:
    """Return a record with one wrong cart line."""
    return {"cartItems": [{"sku": "apple", "quantity": 2, "price": 1.25, **changes}]}


def raw(old: str, new: str) -> bytes:
    """Return a file of one purchase with a text replaced that no encoder would write."""
    made = file(record())
    assert old.encode() in made
    return made.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"state": "paid"}, 'state: Expected one of open, closed, partially_returned, cancelled, got "paid".'),
        ({"state": None}, "state: Expected a string, got null."),
        ({"surprise": 1}, "surprise: There is no such field."),
        ({"integrationId": ""}, "integrationId: Expected 1 to 1000 characters, got 0."),
        ({"integrationId": "é" * 651}, "integrationId: Expected at most 1300 bytes of UTF-8, got 1302."),
        ({"profileId": "é" * 651}, "profileId: Expected at most 1300 bytes of UTF-8, got 1302."),
        ({"integrationId": 7}, "integrationId: Expected a string, got a number."),
        ({"integrationId": "\ud800"}, "integrationId: The lone surrogate U+D800 cannot be stored."),
        ({"profileId": "a\0b"}, "profileId: The character U+0000 cannot be stored."),
        ({"applicationId": "1"}, "applicationId: Expected a whole number, got a string."),
        ({"coupon": None}, "coupon: Expected a string, got null."),
        ({"created": "yesterday"}, 'created: Expected a time such as 2030-01-31T12:00:00Z, got "yesterday".'),
        (
            {"created": "0001-01-01T00:00:00+14:00"},
            'created: Expected a time such as 2030-01-31T12:00:00Z, got "0001-01-01T00:00:00+14:00".',
        ),
        (
            {"updated": "2026-02-01T10:00:00Z"},
            "closed: Expected 2026-03-01T10:00:00.000Z or later, got 2026-02-01T10:00:00.000Z.",
        ),
        (
            {"closed": "2026-03-01T10:00:00Z", "updated": "2026-03-02T10:00:00Z"},
            "updated: Expected 2026-03-01T10:00:00.000Z, when it last changed, got 2026-03-02T10:00:00.000Z.",
        ),
        (
            {"state": "open", "updated": "2026-02-01T10:00:00Z"},
            "updated: Expected 2026-03-01T10:00:00.000Z, when it last changed, got 2026-02-01T10:00:00.000Z.",
        ),
        ({"state": "open", "closed": "2026-03-01T10:00:00Z"}, "closed: An open session has not been closed."),
        (
            {"cancelled": "2026-03-01T10:00:00Z"},
            "cancelled: A session that is closed has not been cancelled.",
        ),
        ({"cartItems": {}}, "cartItems: Expected a list, got an object."),
        ({"cartItems": [1]}, "cartItems.0: Expected an object, got a number."),
        (item(quantity=-1), "cartItems.0.quantity: Expected 1 to 10000, got -1."),
        (item(quantity=2.0), "cartItems.0.quantity: Expected a whole number, got a number."),
        (item(quantity=True), "cartItems.0.quantity: Expected a whole number, got a boolean."),
        (item(price="1.25"), "cartItems.0.price: Expected a number, got a string."),
        (item(price=-1), "cartItems.0.price: Expected 0 or more, got -1."),
        (item(id=1), "cartItems.0.id: Expected a string, got a number."),
        (item(id=""), "cartItems.0.id: Expected 1 to 64 characters, got 0."),
        (item(id="x" * 65), "cartItems.0.id: Expected 1 to 64 characters, got 65."),
        (item(id="\0"), "cartItems.0.id: The character U+0000 cannot be stored."),
        (
            {"cartItems": [{"id": "a", "sku": "apple", "quantity": 1, "price": 1.25}] * 2},
            'cartItems.1.id: The id "a" is listed twice.',
        ),
        (item(price=0.00001), "cartItems.0.price: Expected at most 4 decimal places, got 0.00001."),
        (item(product={}), "cartItems.0.product.name: This field is missing."),
        (item(colour="red"), "cartItems.0.colour: There is no such field."),
        (item(returnedQuantity=1), "cartItems.0.returnedQuantity: Expected 0, as in the returns, got 1."),
        (item(attributes={"size": 1}), 'cartItems.0.attributes.size: No attribute "size" is defined for CART_ITEM.'),
        ({"attributes": {"mood": 1}}, 'attributes.mood: Attribute "mood": expected a string, got a number.'),
        ({"identifiers": ["a", "a"]}, 'identifiers.1: The identifier "a" is listed twice.'),
        ({"identifiers": [1]}, "identifiers.0: Expected a string, got a number."),
        ({"discounts": {"spring": "1"}}, "discounts.spring: Expected a number, got a string."),
        ({"discounts": {"spring": 3}}, "discounts: The discounts sum to 3.00, more than the cart's total of 2.50."),
        ({"total": 2.49}, "total: Expected 2.50, the sum of the cart, got 2.49."),
        ({"firstSession": False}, "firstSession: Expected true, by the other sessions of its profile, got false."),
        ({"profileId": "ada"}, "firstSession: Expected false, by the other sessions of its profile, got true."),
        (
            {"profileId": "ada", "firstSessionStands": True},
            "firstSession: Expected false, by the other sessions of its profile, got true.",
        ),
        ({**returned(), "closed": "", "returns": []}, 'closed: Expected a time such as 2030-01-31T12:00:00Z, got "".'),
        (
            {**RETURNED, "returns": []},
            "returns: A session that is partially_returned has returns.",
        ),
        ({**returned(), "state": "closed"}, "returns: A session that is closed has no returns."),
        (returned(version=1), "returns.0.version: Expected 2 to 2147483647, got 1."),
        (returned(version=2**31), "returns.0.version: Expected 2 to 2147483647, got 2147483648."),
        (returned(amount=1), "returns.0.amount: Expected 1.25, the sum of its items, got 1."),
        (returned(items=[]), "returns.0.items: Expected at least one item."),
        (
            returned(items=[{"position": 1, "quantity": 1, "amount": 1.25}]),
            "returns.0.items.0.position: The cart has 1 lines; there is no line 1.",
        ),
        (
            returned(items=[{"position": 0, "quantity": 3, "amount": 1.25}]),
            "returns.0.items.0.quantity: Line 0 has 2 units left to return, but 3 were requested.",
        ),
        (
            returned(items=[{"position": 0, "quantity": 1, "amount": 9}], amount=9),
            "returns.0.items.0.amount: Expected at most 2.50, the amount paid for the line, got 9.",
        ),
        (
            returned(items=[{"position": 0, "quantity": 1, "amount": -1}], amount=-1),
            "returns.0.items.0.amount: Expected 0 or more, got -1.",
        ),
        (
            {**returned(), "returns": [RETURN, {**RETURN, "version": 4}]},
            "returns.1.version: Expected 3, got 4.",
        ),
    ],
)
def test_wrong_field_is_reported_with_its_line(shop: Shop, fields: dict[str, Any], problem: str) -> None:
    shop.define(AttributeEntity.CUSTOMER_SESSION, "mood")

    report = import_into(shop, file(GOOD, record(**fields), record("after")))

    assert messages(report) == [f"line 2: {problem}"]
    assert (report.created, report.failed) == (1, 1)
    assert [each["integrationId"] for each in records_of(export_from(shop))] == ["before"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty; expected a session."),
        (b"\n", "Expected JSON; Expecting value (character 2 of the line)."),
        (b"null\n", "Expected an object, got null."),
        (b'{"a": "\xff"}\n', "Expected UTF-8; byte 8 of the line is not."),
        (file(record())[:30], "Expected JSON; Unterminated string starting at (character 25 of the line)."),
        (b"\xef\xbb\xbf" + file(record()), "Expected JSON; a byte order mark."),
        (b"\0" * 100, "Expected JSON; Expecting value (character 1 of the line)."),
        (file(record()).replace(b"\n", b" {}"), "Expected JSON; Extra data (character 342 of the line)."),
        (b"[" * 100_000, "The line nests too deeply."),
        (raw('"total": 2.5', '"total": NaN'), "NaN is not a JSON number."),
        (raw('"total": 2.5', '"total": -Infinity'), "-Infinity is not a JSON number."),
        (raw('"total": 2.5', '"total": 1e400'), "total: Expected 2.50, the sum of the cart, got 1E+400."),
        (raw('"total": 2.5', '"total": 1e99999999999999999999'), "A number has an exponent that is too large."),
        (raw("1.25", "1e400"), "cartItems.0.price: Expected less than 10^14, got 1E+400."),
        (
            raw("1.25", "9" * 5000),
            f"cartItems.0.price: Expected less than 10^14, got {'9' * 57}....",
        ),
        (raw('"coupon"', '"total": 2.5, "coupon"'), 'The key "total" is repeated in one object.'),
    ],
)
def test_line_that_is_not_a_record_is_reported(shop: Shop, content: bytes, problem: str) -> None:
    before = shop.all_rows()

    report = import_into(shop, content)

    assert messages(report) == [f"line 1: {problem}"]
    assert report.failed == 1
    assert shop.all_rows() == before


def test_every_problem_of_a_line_is_reported(shop: Shop) -> None:
    fields: dict[str, Any] = {"coupon": 1, "total": "2.5", "surprise": True}
    without = {name: value for name, value in record(**fields).items() if name != "referral"}

    assert messages(import_into(shop, file(without))) == [
        "line 1: referral: This field is missing.",
        "line 1: surprise: There is no such field.",
        "line 1: coupon: Expected a string, got a number.",
        "line 1: total: Expected a number, got a string.",
    ]


def test_line_that_is_too_long_is_reported_and_skipped(shop: Shop) -> None:
    long = record("long", coupon="x" * 1000)

    report = import_into(shop, file(GOOD, long, record("after")), max_line_bytes=600, on_error="skip")

    assert messages(report) == [f"line 2: Expected at most 600 bytes, got {len(file(long))}."]
    assert [each["integrationId"] for each in records_of(export_from(shop))] == ["before", "after"]


def test_line_that_is_too_long_is_not_read_into_memory() -> None:
    class Endless(BytesIO):
        """50 MB without a line break."""

        left = 50 * 2**20
        most = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            given = min(size, self.left)
            self.left -= given
            self.most = max(self.most, given)
            return b"x" * given

    stream = Endless()

    (line,) = lines.read_lines(stream)

    assert line == lines.Line(1, 50 * 2**20, None)
    assert stream.most <= lines.MAX_LINE_BYTES + 1


def test_long_lines_are_imported_in_smaller_batches() -> None:
    content = (b"x" * 2**20 + b"\n") * 9

    assert [len(batch) for batch in lines.read_batches(BytesIO(content))] == [4, 4, 1]


def test_last_line_needs_no_line_break(shop: Shop) -> None:
    assert import_into(shop, file(record(), record("s2")).rstrip(b"\n")).created == 2


@pytest.mark.parametrize("apart", [0, 600])
def test_duplicate_integration_id_is_reported_with_both_lines(shop: Shop, apart: int) -> None:
    between = (record(f"between {number}") for number in range(apart))

    report = import_into(shop, file(record(), *between, record()))

    assert messages(report) == [f'line {apart + 2}: integrationId: "s1" is already on line 1.']
    assert report.created == apart + 1


def test_lines_before_an_error_stay_imported(shop: Shop) -> None:
    content = file(GOOD, record("bad", state="paid"), record("after"))

    stopped = import_into(shop, content)
    assert (stopped.created, stopped.failed) == (1, 1)

    skipped = import_into(shop, content, on_error="skip")
    assert (skipped.created, skipped.unchanged, skipped.failed) == (1, 1, 1)
    assert [each["integrationId"] for each in records_of(export_from(shop))] == ["before", "after"]


def test_line_that_fails_creates_no_profile(shop: Shop) -> None:
    import_into(shop, file(record(profileId="ada", total=1), record("s2", profileId="ada", firstSession=False)))

    assert not shop.all_rows()["customer_profile"]


def test_existing_session_with_other_content_is_an_error(shop: Shop) -> None:
    import_into(shop, file(record()))
    before = shop.all_rows()

    report = import_into(shop, file(record(coupon="SPRING", referral="friend")))

    assert messages(report) == ['line 1: integrationId: "s1" exists already, with another coupon, referral.']
    assert shop.all_rows() == before


def test_dry_run_writes_nothing_and_reports_what_an_import_would(shop: Shop) -> None:
    shop.create("there", profile_id="grace", cart_items=[line()])
    sessions = [record(f"s{number}", profileId="ada", firstSession=number == 0) for number in range(600)]
    content = file(*sessions, record("late", profileId="ada"), record("s3"), record("s4", profileId="grace"))
    before = shop.all_rows()

    rehearsed = import_into(shop, content, dry_run=True, on_error="skip")

    assert shop.all_rows() == before
    assert rehearsed == import_into(shop, content, on_error="skip")
    assert (rehearsed.created, rehearsed.failed) == (600, 3)


@pytest.mark.parametrize("change", [dict, lambda fields: {**fields, "firstSession": False}])
def test_recompute_corrects_total_and_first_session(shop: Shop, change: Callable[[Any], dict[str, Any]]) -> None:
    content = file(GOOD, record("s1", **change({"profileId": "grace", "total": 9})), record("s2", profileId="ada"))

    report = import_into(shop, content, recompute=True)

    assert (report.created, messages(report)) == (3, [])
    assert "line 2: total: Expected 2.50, the sum of the cart, got 9." in map(str, report.corrected)
    assert [each["firstSession"] for each in records_of(export_from(shop))] == [True, True, False]
    assert disagreements(shop) == []
    assert import_into(shop, content, recompute=True).unchanged == 3


def test_undefined_attributes_are_dropped_if_the_application_ignores_them(shop: Shop) -> None:
    lenient = shop.another("Lenient", "EUR", unknown_attributes=UnknownAttributes.IGNORE)
    content = file(record(attributes={"mood": "good"}))

    assert import_into(lenient, content).created == 1
    assert records_of(export_from(lenient))[0]["attributes"] == {}
    assert import_into(lenient, content).unchanged == 1


def test_sessions_are_imported_into_the_application_of_the_command(shop: Shop) -> None:
    other = shop.another("Other", "EUR")

    import_into(other, file(record(applicationId=77)))

    assert records_of(export_from(other))[0]["applicationId"] == other.application_id
    assert export_from(shop) == b""
    assert replace(other.session(), application_id=shop.application_id) != other.session()


def test_session_above_the_maximum_size_is_refused(shop: Shop) -> None:
    large = record("large", cartItems=[{"sku": "x" * 900, "quantity": 1, "price": 1}], total=1)

    report = import_into(shop, file(large, record("small")), max_session_bytes=1_000, on_error="skip")

    assert (report.created, report.failed) == (1, 1)
    assert messages(report) == ["line 1: cartItems: The session would hold 1005 bytes; the limit is 1000."]
