"""Who may see and do what: another application does not exist, and a key does no more than its role."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from served import Api
from shop import Shop, line, units
from sqlalchemy import Connection, update

from db.domain.attributes import AttributeEntity
from db.domain.commands import CreateKey
from db.domain.lifecycle import SessionState
from db.operations import create_key, revoke_key
from db.repository.core import API_KEY
from graphql_api.guard.keys import Keys


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """Two applications that have the same: a session with a return, a profile, an attribute."""
    for application_id in (1, 2):
        shop = Shop(shared_api.runner, shared_api.database, application_id)
        shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
        shop.create("s1", SessionState.CLOSED, profile_id="ada", cart_items=[line(quantity=2)])
        shop.take_back(units(0, 1))
    return shared_api


ATTRIBUTE = "attribute-%d-customer_session-6368616e6e656c"
IDS = ["session-%d-1", "profile-%d-616461", "event-%d-1-1", "return-%d-1-2", "application-%d", ATTRIBUTE]


@pytest.mark.parametrize("key", ["reader", "writer"])
@pytest.mark.parametrize("id_", IDS)
def test_an_id_of_another_application_is_an_id_of_nothing(shops: Api, key: str, id_: str) -> None:
    document = "query($own: ID!, $other: ID!) { node(id: $other) { id } nodes(ids: [$other, $own]) { id } }"
    own, other = id_ % 1, id_ % 2
    found = shops.data(document, {"own": own, "other": other}, key)
    assert found == {"node": None, "nodes": [None, {"id": own}]}
    assert shops.data(document, {"own": own, "other": other}, "admin")["node"] == {"id": other}


READS = [
    "application(applicationId: %s) { id }",
    'customerSession(integrationId: "s1", applicationId: %s) { id }',
    'customerProfile(integrationId: "ada", applicationId: %s) { id }',
    "customerSessions(applicationId: %s) { nodes { id } }",
    "customerProfiles(applicationId: %s) { nodes { id } }",
    "attributeDefinitions(applicationId: %s) { id }",
]


@pytest.mark.parametrize("field", READS)
def test_to_name_another_application_is_forbidden(shops: Api, field: str) -> None:
    assert shops.codes(f"{{ {field % 2} }}", key="reader") == ["FORBIDDEN"]
    assert shops.codes(f"{{ {field % 1} }}", key="reader") == []
    assert shops.codes(f"{{ {field % 'null'} }}", key="reader") == []


@pytest.mark.parametrize("field", READS)
def test_an_admin_key_has_to_name_the_application(shops: Api, field: str) -> None:
    assert shops.codes(f"{{ {field % 'null'} }}", key="admin") == ["BAD_USER_INPUT"]
    assert shops.codes(f"{{ {field % 2} }}", key="admin") == []
    assert shops.codes(f"{{ {field % 99} }}", key="admin") == []


def test_lists_hold_rows_of_one_application(shops: Api) -> None:
    document = """{ applications { totalCount nodes { applicationId } } customerSessions { totalCount nodes { id } }
      customerProfiles { totalCount nodes { id } } attributeDefinitions { id } viewer { application { id } } }"""
    for application_id, key in ((1, "reader"), (2, "other reader")):
        assert shops.data(document, key=key) == {
            "applications": {"totalCount": 1, "nodes": [{"applicationId": application_id}]},
            "customerSessions": {"totalCount": 1, "nodes": [{"id": f"session-{application_id}-1"}]},
            "customerProfiles": {"totalCount": 1, "nodes": [{"id": f"profile-{application_id}-616461"}]},
            "attributeDefinitions": [{"id": ATTRIBUTE % application_id}],
            "viewer": {"application": {"id": f"application-{application_id}"}},
        }
    everywhere = "{ applications { nodes { applicationId } } viewer { role application { id } } }"
    assert shops.data(everywhere, key="admin") == {
        "applications": {"nodes": [{"applicationId": 1}, {"applicationId": 2}]},
        "viewer": {"role": "ADMIN", "application": None},
    }


@pytest.mark.parametrize(
    ("field", "cursor"),
    [
        ('customerSession(integrationId: "s1") { events(after: $c) { nodes { id } } }', '["version",2,1]'),
        ('customerProfile(integrationId: "ada") { sessions(after: $c) { nodes { id } } }', ""),
        ("customerSessions(after: $c) { nodes { id } }", ""),
        ("customerProfiles(after: $c) { nodes { id } }", '["profile",2,"a"]'),
        ("applications(after: $c) { nodes { id } }", '["application",2,2]'),
    ],
)
def test_a_cursor_of_another_application_is_refused(shops: Api, field: str, cursor: str) -> None:
    text = cursor or '["-created",2,"2026-03-01T10:00:00.000Z",1]'
    document = f"query($c: String) {{ {field} }}"
    answer = shops.query(document, {"c": text.encode().hex()}, "reader")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert "another application" in answer["errors"][0]["message"]


CHANGES: dict[str, str] = {
    "createSession": '{integrationId: "new", applicationId: 2}',
    "updateSession": '{integrationId: "s1", applicationId: 2, coupon: "X"}',
    "upsertSession": '{integrationId: "s1", applicationId: 2, coupon: "X"}',
    "closeSession": '{integrationId: "s1", applicationId: 2}',
    "cancelSession": '{integrationId: "s1", applicationId: 2}',
    "returnItems": '{integrationId: "s1", applicationId: 2, items: [{line: {position: 0}}]}',
    "updateProfile": '{integrationId: "ada", applicationId: 2, attributes: {}}',
    "createAttributeDefinition": '{applicationId: 2, entity: CART_ITEM, name: "size", type: STRING}',
    "updateAttributeDefinition": f'{{id: "{ATTRIBUTE % 2}", description: "X"}}',
}
ADMINISTERING: dict[str, str] = {
    "createApplication": '{name: "Third", currency: "EUR"}',
    "updateApplication": '{applicationId: 1, name: "X"}',
    "createKey": '{applicationId: 1, name: "X", role: ADMIN}',
    "revokeKey": '{id: "key-1-616263"}',
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_application_cannot_be_changed(shops: Api, name: str) -> None:
    before = shops.everything()
    document = f"mutation {{ {name}(input: {CHANGES[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document) == ["FORBIDDEN"]
    assert shops.everything() == before


@pytest.mark.parametrize("name", CHANGES)
def test_a_reader_changes_nothing(shops: Api, name: str) -> None:
    before = shops.everything()
    document = f"mutation {{ {name}(input: {CHANGES[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key="other reader") == ["FORBIDDEN"]
    assert shops.everything() == before


@pytest.mark.parametrize("key", ["reader", "writer"])
@pytest.mark.parametrize("name", ADMINISTERING)
def test_only_an_admin_administers(shops: Api, name: str, key: str) -> None:
    before = shops.everything()
    document = f"mutation {{ {name}(input: {ADMINISTERING[name]}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key=key) == ["FORBIDDEN"]
    assert shops.everything() == before


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "updateAttributeDefinition"])
def test_an_admin_key_has_to_name_the_application_it_changes(shops: Api, name: str) -> None:
    before = shops.everything()
    input_ = CHANGES[name].replace("applicationId: 2", "applicationId: null")
    document = f"mutation {{ {name}(input: {input_}) {{ errors {{ message }} }} }}"
    assert shops.codes(document, key="admin") == ["BAD_USER_INPUT"]
    assert shops.everything() == before


@pytest.mark.parametrize("id_", ["session-1-1", "application-1", "", "key-1-zz"])
def test_an_id_of_another_type_names_nothing_to_change(shops: Api, id_: str) -> None:
    revoke = "mutation($id: ID!) { revokeKey(input: {id: $id}) { errors { message } } }"
    define = "mutation($id: ID!) { updateAttributeDefinition(input: {id: $id}) { errors { message } } }"
    assert shops.codes(revoke, {"id": id_}, "admin") == ["BAD_USER_INPUT"]
    assert shops.codes(define, {"id": id_}, "writer") == ["BAD_USER_INPUT"]


def test_one_mutation_that_is_forbidden_leaves_those_before_it_done(api: Api) -> None:
    document = """mutation { a: upsertSession(input: {integrationId: "a"}) { created }
      b: upsertSession(input: {integrationId: "b", applicationId: 2}) { created } }"""
    answer = api.query(document)
    assert (answer["data"], [error["path"] for error in answer["errors"]]) == (None, [["b"]])
    assert api.data('{ customerSession(integrationId: "a") { version } }') == {"customerSession": {"version": 1}}


# ---------------------------------------------------------------- keys


def prefix_of(key: str) -> str:
    """The part of a key that is no secret."""
    return key.split("_")[2]


def status(api: Api, authorization: str | None) -> tuple[int, Any]:
    """The status of a request with an Authorization header, and the message of a refusal."""
    headers = {} if authorization is None else {"Authorization": authorization}
    response = api.request("POST", json={"query": "{ viewer { role } }"}, headers=headers)
    errors = response.json().get("errors")
    if errors:
        assert response.headers["www-authenticate"] == "Bearer"
        assert [error["extensions"]["code"] for error in errors] == ["UNAUTHENTICATED"]
    return response.status_code, errors and errors[0]["message"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_a_key_is_good_however_its_scheme_is_written(shops: Api, scheme: str) -> None:
    assert status(shops, f"{scheme} {shops.keys['reader']}") == (200, None)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer x",
        "Bearer a b",
        "Bearer ck_1_abcdefghijkl_" + 64 * "0",
        "Bearer ck_99999999999_abcdefghijkl_" + 64 * "0",
        "Bearer ck_9999999999_abcdefghijkl_" + 64 * "0",
        "Bearer " + 5_000 * "x",
    ],
)
def test_a_request_without_a_good_key_is_unauthenticated(shops: Api, authorization: str | None) -> None:
    code, message = status(shops, authorization)
    assert code == 401
    assert message


def test_a_good_prefix_with_another_secret_opens_nothing(shops: Api) -> None:
    key = shops.keys["reader"]
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), key[:-64] + 64 * "0", key.replace("ck_1", "ck_2")):
        assert status(shops, f"Bearer {wrong}") == (401, "The key is not known.")
    assert status(shops, f"Bearer {key}") == (200, None)


def test_a_key_that_has_expired_opens_nothing(api: Api) -> None:
    made = api.shop.write(create_key, CreateKey(application_id=1, name="Old", role="reader"), Shop.OPENED)
    assert status(api, f"Bearer {made.secret}") == (200, None)

    def expire(connection: Connection) -> None:
        long_ago = Shop.OPENED - timedelta(days=1)
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(expires=long_ago))

    api.shop.write(expire)
    api.server.keys._known.clear()
    assert status(api, f"Bearer {made.secret}") == (401, "The key has expired.")


@pytest.mark.parametrize(("seconds", "code"), [(60, 200), (0, 401)])
def test_a_revoked_key_is_heeded_when_what_is_remembered_runs_out(
    serve: Callable[..., Api], seconds: int, code: int
) -> None:
    api = serve(key_cache_seconds=seconds)
    authorization = f"Bearer {api.keys['reader']}"
    assert status(api, authorization) == (200, None)
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    assert status(api, authorization)[0] == code


def test_a_key_made_by_a_mutation_works_until_a_mutation_revokes_it(serve: Callable[..., Api]) -> None:
    api = serve(key_cache_seconds=0)
    create = """mutation {
      createKey(input: {applicationId: 1, name: "Till 4", role: READER}) { secret key { id name role } } }"""
    made = api.data(create, key="admin")["createKey"]
    assert made["key"]["name"] == "Till 4"
    assert api.data("{ viewer { keyName role } }", key=made["secret"]) == {
        "viewer": {"keyName": "Till 4", "role": "READER"}
    }

    revoke = "mutation($id: ID!) { revokeKey(input: {id: $id}) { key { revoked lastUsed } errors { message } } }"
    revoked = api.data(revoke, {"id": made["key"]["id"]}, "admin")["revokeKey"]
    assert revoked["errors"] == []
    assert revoked["key"]["revoked"]
    assert revoked["key"]["lastUsed"]
    assert api.codes("{ viewer { role } }", key=made["secret"]) == ["UNAUTHENTICATED"]


def test_only_an_admin_sees_keys(api: Api) -> None:
    prefix = prefix_of(api.keys["reader"])
    variables = {"id": f"key-1-{prefix.encode().hex()}"}
    document = "query($id: ID!) { node(id: $id) { ... on ApiKey { name role prefix } } }"
    assert api.data(document, variables, "writer") == {"node": None}
    assert api.data(document, variables, "admin") == {"node": {"name": "Reader", "role": "READER", "prefix": prefix}}


def test_the_time_of_a_keys_last_use_is_written_once_a_minute(api: Api) -> None:
    moments = iter([Shop.OPENED + timedelta(seconds=seconds) for seconds in (0, 30, 61)])
    keys = Keys(api.database, 0, lambda: next(moments))
    prefix = prefix_of(api.keys["reader"])
    document = f'{{ node(id: "key-1-{prefix.encode().hex()}") {{ ... on ApiKey {{ lastUsed }} }} }}'
    for used in ("2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z", "2026-03-01T10:01:01.000Z"):
        api.runner.run(keys.viewer(f"Bearer {api.keys['reader']}"))
        assert api.data(document, key="admin") == {"node": {"lastUsed": used}}
