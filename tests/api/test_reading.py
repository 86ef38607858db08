"""How selections are read: whatever their form, they are answered exactly, by one statement each."""

from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api, add_sessions
from shop import line

from graphql_api.observability import instrumented_database

SESSION = 'customerSession(integrationId: "s1")'


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """A shop with a history."""
    return add_sessions(shared_api)


@pytest.fixture
def reads(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that have been read by so far."""
    seen: list[str] = []
    read = api.database.read

    async def recording(statement: str, *rest: Any) -> str | None:
        seen.append(statement)
        return await read(statement, *rest)

    monkeypatch.setattr(api.database, "read", recording)
    return seen


@pytest.fixture
def sent(reads: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same, with the statements of changes among them."""
    monkeypatch.setattr(instrumented_database, "statement_started", lambda text, dialect: reads.append(text))
    return reads


def test_fields_that_are_selected_twice_are_merged(api: Api) -> None:
    document = f"""query {{
      {SESSION} {{ cartItems {{ sku }} events(first: 1) {{ nodes {{ version }} }} ...More version version }}
      {SESSION} {{ cartItems {{ price }} }}
    }}
    fragment More on CustomerSession {{
      cartItems {{ sku quantity }} events(first: 1) {{ nodes {{ actor }} totalCount }}
    }}"""
    assert api.data(document)["customerSession"] == {
        "cartItems": [
            {"sku": "apple", "quantity": 3, "price": "1.00"},
            {"sku": "pear", "quantity": 1, "price": "2.50"},
        ],
        "events": {"nodes": [{"version": 1, "actor": "Till"}], "totalCount": 5},
        "version": 5,
    }


def test_the_order_of_the_answer_is_that_of_the_document(api: Api) -> None:
    answer = api.data(f"{{ b: {SESSION} {{ version id ...F }} a: {SESSION} {{ id }} }} fragment F on Node {{ x: id }}")
    assert list(answer) == ["b", "a"]
    assert list(answer["b"]) == ["version", "id", "x"]


def test_aliases_tell_the_same_field_with_different_arguments_apart(api: Api) -> None:
    document = f"""query($two: Int = 2) {{ {SESSION} {{
      start: events(first: $two) {{ nodes {{ version }} }}
      end: events(last: 1) {{ nodes {{
        version session {{ profile {{ sessions(last: $two) {{ nodes {{ id }} }} }} }}
      }} }}
    }} }}"""
    assert api.data(document)["customerSession"] == {
        "start": {"nodes": [{"version": 1}, {"version": 2}]},
        "end": {
            "nodes": [
                {
                    "version": 5,
                    "session": {"profile": {"sessions": {"nodes": [{"id": "session-1-2"}, {"id": "session-1-1"}]}}},
                }
            ]
        },
    }


def test_typename_stands_wherever_an_object_does(api: Api) -> None:
    document = f"""{{
      __typename viewer {{ __typename limits {{ __typename }} application {{ __typename }} }}
      {SESSION} {{
        __typename cartItems {{ t: __typename product {{ __typename }} }} discounts {{ __typename }}
        profile {{ __typename }} returns {{ __typename items {{ __typename }} }}
        events {{
          __typename pageInfo {{ __typename }} edges {{ __typename node {{ __typename }} }} nodes {{ __typename }}
        }}
      }}
    }}"""
    types = ["SessionCreated", "SessionUpdated", "SessionClosed", "ItemsReturned", "ItemsReturned"]
    assert api.data(document) == {
        "__typename": "Query",
        "viewer": {
            "__typename": "Viewer",
            "limits": {"__typename": "Limits"},
            "application": {"__typename": "Application"},
        },
        "customerSession": {
            "__typename": "CustomerSession",
            "cartItems": [
                {"t": "CartItem", "product": None},
                {"t": "CartItem", "product": {"__typename": "Product"}},
            ],
            "discounts": [{"__typename": "Discount"}],
            "profile": {"__typename": "CustomerProfile"},
            "returns": [{"__typename": "SessionReturn", "items": [{"__typename": "ReturnedItem"}]}] * 2,
            "events": {
                "__typename": "SessionEventConnection",
                "pageInfo": {"__typename": "PageInfo"},
                "edges": [{"__typename": "SessionEventEdge", "node": {"__typename": type_}} for type_ in types],
                "nodes": [{"__typename": type_} for type_ in types],
            },
        },
    }


def test_an_interface_is_read_by_fragments_on_it_and_on_its_types(api: Api) -> None:
    document = f"""{{ {SESSION} {{ events {{ nodes {{
      ... on SessionCreated {{ state ...Total }}
      version
      ... on Node {{ ... on SessionEvent {{ who: actor }} }}
      ... on SessionUpdated {{ changedFields ...Total }}
      ... on SessionClosed {{ total: discountTotal }}
      ... {{ version }}
    }} }} }} }}
    fragment Total on SessionEvent {{ ... on SessionCreated {{ total }} ... on SessionUpdated {{ total }} }}"""
    shared = [{"version": version, "who": "Till"} for version in range(1, 6)]
    assert api.data(document)["customerSession"]["events"]["nodes"] == [
        {"state": "OPEN", "total": "5.50", **shared[0]},
        {"changedFields": ["attributes", "discounts"], "total": "5.50", **shared[1]},
        {"total": "1.00", **shared[2]},
        *shared[3:],
    ]


def test_an_event_of_which_nothing_is_selected_is_an_empty_object(api: Api) -> None:
    document = f"{{ {SESSION} {{ events(first: 2) {{ nodes {{ ... on SessionCreated {{ state }} }} }} }} }}"
    assert api.data(document)["customerSession"]["events"]["nodes"] == [{"state": "OPEN"}, {}]


def test_nodes_are_of_any_type_and_in_the_order_of_their_ids(api: Api) -> None:
    ids = ["event-1-1-3", "profile-1-616461", "session-1-1", "application-1", "return-1-1-4", "session-1-1"]
    ids += ["session-1-99", "attribute-1-customer_session-6368616e6e656c"]
    document = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
      ... on SessionEvent { version } ... on CustomerSession { state } ... on SessionReturn { amount } } }"""
    missing = ids.index("session-1-99")
    found = api.data(document, {"ids": ids})["nodes"]
    assert [node and node["id"] for node in found] == [*ids[:missing], None, *ids[missing + 1 :]]
    assert found[0] == {"__typename": "SessionClosed", "id": ids[0], "version": 3}
    assert found[2] == found[5] == {"__typename": "CustomerSession", "id": ids[2], "state": "PARTIALLY_RETURNED"}
    assert found[4] == {"__typename": "SessionReturn", "id": ids[4], "amount": "0.82"}


def test_ids_may_have_variables_among_them(api: Api) -> None:
    document = 'query($a: ID!, $b: ID = "session-1-2") { nodes(ids: [$a, "session-1-3", $b]) { id } }'
    found = api.data(document, {"a": "session-1-1"})["nodes"]
    assert [node["id"] for node in found] == ["session-1-1", "session-1-3", "session-1-2"]


@pytest.mark.parametrize("place", ["field", "fragment", "spread", "root"])
def test_one_document_heeds_either_value_of_its_directives(api: Api, place: str) -> None:
    selections = {
        "field": f"{SESSION} {{ id version @include(if: $on) state @skip(if: $on) }}",
        "fragment": f"{SESSION} {{ id ... @include(if: $on) {{ version }} ... @skip(if: $on) {{ state }} }}",
        "spread": f"{SESSION} {{ id ...V @include(if: $on) ...S @skip(if: $on) ...S @skip(if: true) }}",
        "root": f"{SESSION} {{ id }} {SESSION} @include(if: $on) {{ version }} {SESSION} @skip(if: $on) {{ state }}",
    }
    fragments = "fragment V on CustomerSession { version } fragment S on CustomerSession { state }"
    document = f"query($on: Boolean!) {{ {selections[place]} }}" + (fragments if place == "spread" else "")
    for on in (True, False, True):
        rest = {"version": 5} if on else {"state": "PARTIALLY_RETURNED"}
        assert api.data(document, {"on": on}) == {"customerSession": {"id": "session-1-1", **rest}}


@pytest.mark.parametrize("place", [f"{SESSION} {{ id @skip(if: $on) }}", f"{SESSION} @include(if: $on) {{ id }}"])
def test_a_condition_that_is_null_is_refused(api: Api, place: str) -> None:
    assert api.codes(f"query($on: Boolean = true) {{ {place} }}", {"on": None}) == ["BAD_USER_INPUT"]


def test_variables_stand_in_every_argument_and_null_is_like_leaving_out(api: Api) -> None:
    document = """query($id: String!, $app: Int, $first: Int, $after: String, $last: Int, $before: String) {
      customerSession(integrationId: $id, applicationId: $app) {
        events(first: $first, after: $after, last: $last, before: $before) { nodes { version } }
      } }"""

    def versions(**variables: Any) -> list[int]:
        nodes = api.data(document, {"id": "s1", **variables})["customerSession"]["events"]["nodes"]
        return [node["version"] for node in nodes]

    assert versions() == versions(app=1, first=None, after=None, last=None, before=None) == [1, 2, 3, 4, 5]
    assert versions(first=2) == [1, 2]
    assert versions(last=2, first=None) == [4, 5]


def test_a_default_holds_for_a_variable_that_is_left_out_and_not_for_null(api: Api) -> None:
    document = f"query($n: Int = 1) {{ {SESSION} {{ events(first: $n) {{ nodes {{ version }} }} }} }}"
    assert len(api.data(document)["customerSession"]["events"]["nodes"]) == 1
    assert len(api.data(document, {"n": None})["customerSession"]["events"]["nodes"]) == 5


@pytest.mark.parametrize(
    "document",
    [
        'query($x: ID = "session-1-1") { nodes(ids: [$x]) { id } }',
        'query($x: ID = "session-1-1") { node(id: $x) { id } }',
        'query($x: String = "s1") { customerSession(integrationId: $x) { id } }',
        "query($x: SessionOrderField = TOTAL) { customerSessions(orderBy: {field: $x}) { totalCount } }",
        "query($x: SessionState = OPEN) { customerSessions(filter: {states: [$x]}) { totalCount } }",
        """query($x: SessionState = OPEN) { customerSession(integrationId: "s1") { profile {
             sessions(filter: {states: [$x]}) { totalCount } } } }""",
    ],
)
def test_null_in_a_variable_with_a_default_is_refused_where_null_cannot_stand(api: Api, document: str) -> None:
    assert api.codes(document) == []
    assert api.codes(document, {"x": None}) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("text", ["{}", "}}", "{{", '"}', "}\\", "{'%s'}", "\n}", "null"])
@pytest.mark.parametrize("between", ["", "cartItems { name sku }", "identifiers"])
def test_texts_like_json_itself_stand_anywhere_in_an_object(serve: Callable[..., Api], text: str, between: str) -> None:
    api = serve()
    api.shop.create(text, coupon=text, referral=text, identifiers=[text], cart_items=[line(text, name=text)])
    selected = f"coupon {between} referral integrationId profile {{ integrationId }} id"

    found = api.data(f"query ($id: String!) {{ customerSession(integrationId: $id) {{ {selected} }} }}", {"id": text})

    expected: dict[str, Any] = dict.fromkeys(("coupon", "referral", "integrationId"), text)
    expected |= {"profile": None, "id": "session-1-1"}
    if between == "identifiers":
        expected["identifiers"] = [text]
    elif between:
        expected["cartItems"] = [{"name": text, "sku": text}]
    assert found == {"customerSession": expected}


@pytest.mark.parametrize("fields", [65, 128, 301, 1_000])
def test_an_object_may_have_any_number_of_fields(serve: Callable[..., Api], fields: int) -> None:
    api = serve(max_aliases=10_000, max_tokens=100_000)
    api.shop.create(cart_items=[line()])
    many = " ".join(f"a{number}: version" for number in range(fields))
    whole = {f"a{number}": 1 for number in range(fields)}

    assert api.data(f"{{ {SESSION} {{ {many} }} }}") == {"customerSession": whole}
    assert api.data(f"{{ {SESSION} {{ events {{ nodes {{ {many} }} }} }} }}") == {
        "customerSession": {"events": {"nodes": [whole]}}
    }
    document = f'mutation {{ closeSession(input: {{integrationId: "s1"}}) {{ session {{ {many} }} }} }}'
    assert api.data(document) == {"closeSession": {"session": dict.fromkeys(whole, 2)}}


def test_what_nests_more_than_the_database_can_read_is_over_a_limit(serve_file: Callable[..., Api]) -> None:
    api = serve_file(max_depth=1_000, max_cost=10**12)
    nested = "id"
    for _ in range(60):
        nested = f"id events(first: 1) {{ nodes {{ session {{ {nested} }} }} }}"
    assert api.codes(f"{{ {SESSION} {{ {nested} }} }}") == ["LIMIT_EXCEEDED"]


WHOLE = """id total application { name } profile { totalSales sessions { nodes { id cartItems { sku } } } }
  cartItems { sku total } discounts { label } returns { items { sku } }
  events { totalCount pageInfo { hasNextPage } nodes { version ... on ItemsReturned { return { amount } } } }"""


def test_a_session_with_all_it_has_is_one_statement(api: Api, reads: list[str]) -> None:
    api.data(f"{{ {SESSION} {{ {WHOLE} }} }}")
    assert len(reads) == 1


def test_a_page_of_fifty_nodes_is_one_statement(api: Api, reads: list[str]) -> None:
    ids = [f"session-1-{number}" for number in range(50)]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on CustomerSession { id cartItems { sku } } } }"
    assert len(api.data(document, {"ids": ids})["nodes"]) == 50
    assert len(reads) == 1


def test_the_session_of_a_payload_is_one_statement(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve()
    seen: list[str] = []
    read = api.database.read

    async def recording(statement: str, *rest: Any) -> str | None:
        seen.append(statement)
        return await read(statement, *rest)

    monkeypatch.setattr(api.database, "read", recording)
    api.data(f'mutation {{ createSession(input: {{integrationId: "s1"}}) {{ session {{ {WHOLE} }} }} }}')
    assert len(seen) == 1


MARK = "ma'rk\"; --"


def test_no_value_of_a_request_stands_in_a_statement(api: Api, sent: list[str]) -> None:
    literal = MARK.replace('"', '\\"')
    line_ = f'{{sku: "{literal}", quantity: 1, price: 1, name: "{literal}", product: {{name: "{literal}"}}}}'
    document = f"""mutation($mark: String!, $json: JSONObject!) {{
      createSession(input: {{integrationId: $mark, profileId: "{literal}", coupon: $mark, referral: "{literal}",
        identifiers: [$mark], cartItems: [{line_}], attributes: $json, discounts: [{{label: $mark, amount: 0}}],
        idempotencyKey: $mark}}) {{ errors {{ message }} session {{ integrationId events {{ nodes {{ changes }} }} }} }}
      cancelSession(input: {{integrationId: "{literal}", reason: $mark}}) {{ session {{ {WHOLE} }} }}
      updateProfile(input: {{integrationId: $mark, attributes: {{}}}}) {{ profile {{ id attributes }} }}
    }}"""
    answer = api.data(document, {"mark": MARK, "json": {"channel": MARK}})
    assert answer["createSession"]["errors"] == []
    assert answer["createSession"]["session"]["integrationId"] == MARK

    profile = MARK.encode().hex()
    query = f"""query($mark: String!, $ids: [ID!]!, $marks: [String!]) {{
      customerSession(integrationId: "{literal}") {{ coupon cartItems {{ sku }} }}
      customerProfile(integrationId: $mark) {{ sessions(filter: {{coupons: $marks}}) {{ nodes {{ id }} }} }}
      nodes(ids: $ids) {{ id }}
      customerSessions(filter: {{profileIds: [$mark, $mark], coupons: $marks, referrals: ["{literal}"], skus: $marks,
        identifiers: $marks, integrationIdPrefix: $mark}}) {{ nodes {{ integrationId }} }}
    }}"""
    found = api.data(query, {"mark": MARK, "ids": [f"profile-1-{profile}"], "marks": [MARK]})
    assert found["customerSession"] == {"coupon": MARK, "cartItems": [{"sku": MARK}]}
    assert found["customerSessions"] == {"nodes": [{"integrationId": MARK}]}
    assert found["nodes"] == [{"id": f"profile-1-{profile}"}]

    assert len(sent) > 10
    assert not [statement for statement in sent if "ma'" in statement or 'rk"' in statement or profile in statement]


def test_each_type_of_an_interface_has_its_fields_in_its_own_order(api: Api) -> None:
    document = """{ customerSession(integrationId: "s1") { events(first: 3) { nodes {
      ... on SessionUpdated { ...Named }  version  number: version  ...Named } } } }
      fragment Named on SessionEvent { at: occurred  by: actor }"""
    nodes = api.data(document)["customerSession"]["events"]["nodes"]
    assert [list(node) for node in nodes] == [
        ["version", "number", "at", "by"],
        ["at", "by", "version", "number"],
        ["version", "number", "at", "by"],
    ]
