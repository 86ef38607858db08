"""Pages: what lies between two cursors, and nothing for a cursor or an id that was not made here."""

from typing import Any

import pytest
from api_server import Api, add_sessions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHARED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
SESSION = 'customerSession(integrationId: "s1")'


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """A shop with a history."""
    return add_sessions(shared_api)


PAGES = {
    "events": (f"{SESSION} {{ page: events(%s) {{ ...P nodes {{ id }} }} }}", "SessionEventConnection", 5),
    "sessions": (
        'customerSession: customerProfile(integrationId: "ada") { page: sessions(%s) { ...P nodes { id } } }',
        "CustomerSessionConnection",
        7,
    ),
}


def page(api: Api, name: str, **arguments: Any) -> Any:
    """A page of the named connection."""
    place, type_, _ = PAGES[name]
    places = "first: $first, after: $after, last: $last, before: $before"
    document = f"""query($first: Int, $after: String, $last: Int, $before: String) {{ {place % places} }}
    fragment P on {type_} {{ totalCount edges {{ cursor node {{ id }} }}
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"""
    return api.data(document, arguments)["customerSession"]["page"]


@pytest.mark.parametrize("name", PAGES)
@SHARED
@given(data=st.data())
def test_a_page_is_what_lies_between_its_cursors(api: Api, name: str, data: st.DataObject) -> None:
    rows = page(api, name, first=100)["edges"]
    size, place = st.integers(0, len(rows) + 1), st.none() | st.integers(0, len(rows) - 1)
    after, before, most = data.draw(place), data.draw(place), data.draw(size)
    backward = data.draw(st.booleans())

    between = rows[0 if after is None else after + 1 : before]
    expected = between[len(between) - min(most, len(between)) :] if backward else between[:most]
    more = len(between) > most
    found = page(
        api,
        name,
        after=None if after is None else rows[after]["cursor"],
        before=None if before is None else rows[before]["cursor"],
        **{"last" if backward else "first": most},
    )

    assert found == {
        "edges": expected,
        "nodes": [row["node"] for row in expected],
        "totalCount": PAGES[name][2],
        "pageInfo": {
            "hasNextPage": before is not None or (more and not backward),
            "hasPreviousPage": after is not None or (more and backward),
            "startCursor": expected[0]["cursor"] if expected else None,
            "endCursor": expected[-1]["cursor"] if expected else None,
        },
    }


def hand_made(text: str) -> str:
    """A cursor by someone who knows how they are written."""
    return text.encode().hex()


@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize("size", [-1, -(2**31), 101, 2**31 - 1])
def test_a_page_of_a_size_that_cannot_be_is_refused(api: Api, name: str, size: int) -> None:
    for read in ("nodes { id }", "totalCount", "__typename"):
        assert api.codes(f"{{ {SESSION} {{ events({name}: {size}) {{ {read} }} }} }}") == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("last", ["0", "1"])
def test_first_and_last_exclude_each_other(api: Api, last: str) -> None:
    document = f"{{ {SESSION} {{ events(first: 1, last: {last}) {{ nodes {{ id }} }} }} }}"
    assert api.codes(document) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "zz",
        "é",
        "\0",
        "5b" * 5_000,
        *map(
            hand_made,
            [
                "",
                "null",
                "{}",
                "[]",
                '"version"',
                '["version",1]',
                '["version",1,1,1]',
                '["version",1,"1"]',
                '["version",1,null]',
                '["version",1,true]',
                '["version",1,1.5]',
                '["version",1,9223372036854775808]',
                '["version",1,1e400]',
                '["-version",1,1]',
                '["profile",1,1]',
                '["version",2,1]',
                "[" * 2_000,
            ],
        ),
    ],
)
def test_a_cursor_that_was_not_made_here_is_refused(api: Api, cursor: str) -> None:
    for name in ("after", "before"):
        for read in ("nodes { id }", "totalCount"):
            document = f"query($c: String) {{ {SESSION} {{ events({name}: $c) {{ {read} }} }} }}"
            assert api.codes(document, {"c": cursor}) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("CREATED", '"0001-01-01T00:00:00+23:59"'),
        ("CREATED", '"9999-12-31T23:59:59-23:59"'),
        ("UPDATED", '"2026-02-30T00:00:00.000Z"'),
        ("UPDATED", "1"),
        ("TOTAL", '"1.00"'),
        ("TOTAL", "9223372036854775808"),
        ("INTEGRATION_ID", '"\\u0000"'),
        ("INTEGRATION_ID", "1"),
    ],
)
def test_a_cursor_with_a_place_that_no_row_has_is_refused(api: Api, field: str, place: str) -> None:
    key = f"{place}" if field == "INTEGRATION_ID" else f"{place},1"
    document = f"""query($c: String) {{
      customerSessions(orderBy: {{field: {field}, direction: ASC}}, after: $c) {{ nodes {{ id }} }} }}"""
    assert api.codes(document, {"c": hand_made(f'["session.{field.lower()}",1,{key}]')}) == ["BAD_USER_INPUT"]


def test_cursor_of_sessions_is_refused_by_a_list_of_profiles_in_the_order_of_the_same_column(api: Api) -> None:
    order = "orderBy: {field: INTEGRATION_ID, direction: ASC}"
    page = api.data(f"{{ customerSessions({order}, first: 1) {{ pageInfo {{ endCursor }} }} }}")
    cursor = page["customerSessions"]["pageInfo"]["endCursor"]
    document = f'{{ customerProfiles({order}, after: "{cursor}") {{ nodes {{ id }} }} }}'
    assert api.codes(document) == ["BAD_USER_INPUT"]


@SHARED
@given(cursor=st.text(max_size=40) | st.binary(max_size=40).map(bytes.hex), id_=st.text(max_size=40))
def test_no_text_makes_an_internal_error_of_a_cursor_or_an_id(api: Api, cursor: str, id_: str) -> None:
    document = (
        f"query($c: String, $i: ID!) {{ node(id: $i) {{ id }} {SESSION} {{ events(after: $c) {{ nodes {{ id }} }} }} }}"
    )
    assert api.codes(document, {"c": cursor, "i": id_}) == ["BAD_USER_INPUT"] * 2


@pytest.mark.parametrize(
    "id_",
    [
        "session",
        "session-1",
        "session-1-1-1",
        "session-01-1",
        "session--1-1",
        "session-1-9223372036854775808",
        "Session-1-1",
        "profile-1-",
        "profile-1-FF",
        "profile-1-c328",
        "profile-1-00",
        "attribute-1-cart-61",
        "\u0661-1-1",
    ],
)
def test_an_id_that_was_not_made_here_is_refused(api: Api, id_: str) -> None:
    assert api.codes("query($i: ID!) { node(id: $i) { id } }", {"i": id_}) == ["BAD_USER_INPUT"]
    assert api.codes("query($i: ID!) { nodes(ids: [$i]) { id } }", {"i": id_}) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("id_", ["session-1-99", "session-1-9223372036854775807", "profile-1-7a", "event-1-1-9"])
def test_an_id_of_nothing_is_null(api: Api, id_: str) -> None:
    assert api.data("query($i: ID!) { node(id: $i) { id } }", {"i": id_}) == {"node": None}


@pytest.mark.parametrize("amount", ["0.00001", "-1", "1" + "0" * 30, "9" * 999])
def test_a_filter_by_an_amount_that_no_session_can_have_is_refused(api: Api, amount: str) -> None:
    document = "query($a: Decimal) { customerSessions(filter: {total: {min: $a}}) { totalCount } }"
    assert api.codes(document, {"a": amount}) == ["BAD_USER_INPUT"]
