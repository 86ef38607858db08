"""The mutations and queries of webhooks, and the input that they refuse."""

import asyncio
from typing import Any

import pytest
from api_server import Api

from graphql_api.sql import cursors
from graphql_api.types.session_event import FEED
from graphql_api.webhooks.document import DEFAULT

FIELDS = "id url document types state after lag lastAttempt lastStatus lastError failures nextAttempt"
PAYLOAD = f"{{ webhook {{ {FIELDS} }} secret replayed errors {{ __typename message path }} }}"
CREATE = f"mutation($input: CreateWebhookInput!) {{ made: createWebhook(input: $input) {PAYLOAD} }}"
UPDATE = f"mutation($input: UpdateWebhookInput!) {{ made: updateWebhook(input: $input) {PAYLOAD} }}"
DELETE = f"mutation($id: ID!) {{ made: deleteWebhook(input: {{id: $id}}) {PAYLOAD} }}"
ROTATE = f"mutation($id: ID!) {{ made: rotateWebhookSecret(input: {{id: $id}}) {PAYLOAD} }}"
URL = "https://shop.example/events"


@pytest.fixture
def api(serve: Any) -> Api:
    """The API without the delivery of events."""
    served: Api = serve(webhooks=False)
    return served


def create(api: Api, key: str = "writer", **values: Any) -> Any:
    return api.data(CREATE, {"input": {"url": URL, **values}}, key)["made"]


def update(api: Api, id_: str, key: str = "writer", **values: Any) -> Any:
    return api.data(UPDATE, {"input": {"id": id_, **values}}, key)["made"]


async def event_is_settled(api: Api) -> None:
    """Wait until no transaction of another test can have a lower ID: all databases of the server share these."""
    async with asyncio.timeout(30):
        while await api.database.tail.settled_id() < 1:  # noqa: ASYNC110  # no event reports it
            await asyncio.sleep(0.01)


def test_webhook_begins_after_the_last_event(api: Api) -> None:
    api.shop.create("s1")
    api.runner.run(event_is_settled(api))

    made = create(api)

    assert made["errors"] == []
    assert made["secret"].startswith("whsec_")
    assert made["webhook"] == {
        "id": "webhook-1-1",
        "url": URL,
        "document": DEFAULT,
        "types": None,
        "state": "ACTIVE",
        "after": cursors.encode(FEED, 1, 1),
        "lag": 0,
        "lastAttempt": None,
        "lastStatus": None,
        "lastError": None,
        "failures": 0,
        "nextAttempt": None,
    }
    assert api.data("{ webhooks { id } }", key="reader") == {"webhooks": [{"id": "webhook-1-1"}]}


def test_place_in_an_empty_history_is_a_cursor(api: Api) -> None:
    after = create(api)["webhook"]["after"]
    assert after == cursors.encode(FEED, 1, 0)
    assert create(api, after=after)["webhook"]["after"] == after


def test_lag_counts_the_events_of_the_types(api: Api) -> None:
    start = cursors.encode(FEED, 1, 0)
    ids = [create(api, after=start, types=types)["webhook"]["id"] for types in (None, ["CREATED"], ["CLOSED"])]
    api.shop.create("s1")
    api.shop.close("s1")
    api.shop.create("s2")

    found = api.data("query($ids: [ID!]!) { nodes(ids: $ids) { ... on Webhook { lag types } } }", {"ids": ids})

    assert found["nodes"] == [
        {"lag": 3, "types": None},
        {"lag": 2, "types": ["CREATED"]},
        {"lag": 1, "types": ["CLOSED"]},
    ]


def test_repeat_with_an_idempotency_key_answers_the_webhook_without_its_secret(api: Api) -> None:
    first = create(api, idempotencyKey="a")
    again = create(api, idempotencyKey="a")

    assert again["replayed"]
    assert again["secret"] is None
    assert again["webhook"] == first["webhook"]
    assert first["secret"] not in str(api.all_rows()["idempotency"])
    assert create(api, idempotencyKey="a", types=["CLOSED"])["errors"][0]["__typename"] == "IdempotencyKeyReused"


def test_update_sets_what_is_given(api: Api) -> None:
    api.shop.create("s1")
    id_ = create(api, types=["CLOSED"])["webhook"]["id"]
    document = "subscription { sessionEvents { cursor } }"

    changed = update(api, id_, url=f"{URL}/2", document=document, state="PAUSED", after=cursors.encode(FEED, 1, 0))
    assert changed["errors"] == []
    assert changed["webhook"]["url"] == f"{URL}/2"
    assert changed["webhook"]["document"] == document
    assert changed["webhook"]["types"] == ["CLOSED"]
    assert changed["webhook"]["state"] == "PAUSED"
    assert changed["webhook"]["after"] == cursors.encode(FEED, 1, 0)

    cleared = update(api, id_, types=None, document=None, url=None, state=None, after=None)["webhook"]
    assert cleared == {**changed["webhook"], "types": None, "document": DEFAULT, "lag": 1}


def test_rotation_answers_another_secret(api: Api) -> None:
    made = create(api)
    secrets = [made["secret"]]
    for _ in range(5):
        rotated = api.data(ROTATE, {"id": made["webhook"]["id"]})["made"]
        assert rotated["errors"] == []
        secrets.append(rotated["secret"])
    assert len(set(secrets)) == len(secrets)

    refused = api.data(ROTATE, {"id": made["webhook"]["id"]})["made"]
    assert refused["secret"] is None
    assert refused["errors"][0]["message"].startswith("The secret was rotated 5 times within 24 hours")


def test_deleted_webhook_is_not_found(api: Api) -> None:
    id_ = create(api)["webhook"]["id"]
    assert api.data(DELETE, {"id": id_})["made"] == {"webhook": None, "secret": None, "replayed": False, "errors": []}
    for answer in (api.data(DELETE, {"id": id_}), api.data(ROTATE, {"id": id_})):
        assert answer["made"]["errors"][0]["__typename"] == "NotFound"
    assert update(api, id_, state="PAUSED")["errors"][0]["__typename"] == "NotFound"
    assert create(api)["webhook"]["id"] != id_


def test_application_has_at_most_20_webhooks(api: Api) -> None:
    for _ in range(20):
        assert create(api)["errors"] == []
    assert create(api)["errors"][0]["message"] == "An application has at most 20 webhooks."
    assert create(api, key="other writer")["errors"] == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "Expected 1 to 2000 characters"),
        ("https://" + "a" * 10_000, "Expected 1 to 2000 characters"),
        ("shop.example", "Expected a URL"),
        ("https://", "Expected a URL"),
        ("https:///path", "Expected a URL"),
        ("https://[::1", "Expected a URL"),
        ("https://shop.example:port/", "Expected a URL"),
        ("https://shop.example\\@127.0.0.1/", "Expected a URL"),
        ("https://shop example/", "Expected a URL"),
        ("https://shop.example/\n", "Expected a URL"),
        ("https://sh\u00f6p.example/", "Expected a URL"),
        ("https://shop.example:0/", "Expected a port"),
        ("http://shop.example/", "Expected a URL with the scheme https."),
        ("ftp://shop.example/", "Expected a URL with the scheme https."),
        ("file:///etc/passwd", "Expected a URL in ASCII"),
        ("https://user:password@shop.example/", "cannot contain credentials"),
        ("https://@shop.example/", "cannot contain credentials"),
        ("https://shop.example/#part", "cannot contain a fragment"),
        ("https://localhost/", "localhost is not a public address"),
        ("https://a.localhost/", "not a public address"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://10.1.2.3/", "not a public address"),
        ("https://169.254.169.254/", "not a public address"),
        ("https://224.0.0.1/", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://[fd00::1]/", "not a public address"),
        ("https://[ff0e::1]/", "not a public address"),
    ],
)
def test_url_that_events_cannot_be_sent_to_is_refused(api: Api, url: str, message: str) -> None:
    refused = create(api, url=url)
    assert refused["webhook"] is None
    (error,) = refused["errors"]
    assert error["__typename"] == "InvalidInput"
    assert error["path"] == ["url"]
    assert message in error["message"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "Syntax Error"),
        ("subscription {", "Syntax Error"),
        ("{ viewer { keyName } }", "a subscription"),
        ("subscription { sessionEvents { cursor } } query Q { viewer { keyName } }", "only defined operation"),
        ('subscription { customerSessionChanged(integrationId: "a") { version } }', "Expected sessionEvents"),
        ("subscription { sessionEvents { cursor } again: sessionEvents { cursor } }", "must select only one top level"),
        ("subscription { sessionEvents { unknown } }", "Cannot query field"),
        ('subscription { sessionEvents(after: "00") { cursor } }', "cannot have arguments"),
        ("subscription($types: [SessionEventType!]) { sessionEvents(types: $types) { cursor } }", "variables"),
        (
            "subscription { ...F } fragment F on Subscription { sessionEvents(applicationId: 2) { cursor } }",
            "arguments",
        ),
        (
            "subscription { sessionEvents { node { session { profile { sessions(first: 100) { nodes"
            " { events(first: 100) { nodes { changes } } } } } } } } }",
            "the limit is 10000",
        ),
        ("subscription { " + "a" * 30_000 + " }", "characters"),
    ],
)
def test_document_that_a_webhook_cannot_have_is_refused(api: Api, document: str, message: str) -> None:
    refused = create(api, document=document)
    assert refused["webhook"] is None
    assert refused["errors"][0]["path"] == ["document"]
    assert message in refused["errors"][0]["message"]


@pytest.mark.parametrize("after", ["", "nonsense", cursors.encode(FEED, 2, 0), b'["feed",1,"x"]'.hex()])
def test_place_that_is_no_cursor_of_the_application_is_refused(api: Api, after: str) -> None:
    assert api.codes(CREATE, {"input": {"url": URL, "after": after}}) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("event_id", [-1, 2, 10**6])
def test_place_outside_the_history_is_refused(api: Api, event_id: int) -> None:
    api.shop.create("s1")
    id_ = create(api)["webhook"]["id"]
    for answer in (
        create(api, after=cursors.encode(FEED, 1, event_id)),
        update(api, id_, after=cursors.encode(FEED, 1, event_id)),
    ):
        assert answer["errors"] == [
            {
                "__typename": "InvalidInput",
                "message": "This is a cursor of an event that has not happened.",
                "path": ["after"],
            }
        ]


def test_types_cannot_be_an_empty_list_and_state_cannot_be_failing(api: Api) -> None:
    assert create(api, types=[])["errors"][0]["path"] == ["types"]
    id_ = create(api)["webhook"]["id"]
    refused = update(api, id_, types=[], state="FAILING", url="x")["errors"]
    assert [error["path"] for error in refused] == [["url"], ["types"], ["state"]]


def test_webhook_of_another_application_does_not_exist(api: Api) -> None:
    id_ = create(api)["webhook"]["id"]
    node = "query($id: ID!) { node(id: $id) { id } }"

    assert api.data(node, {"id": id_}, "other reader") == {"node": None}
    assert api.data(node, {"id": id_}, "reader") == {"node": {"id": id_}}
    assert api.data(node, {"id": id_}, "admin") == {"node": {"id": id_}}
    assert api.data("{ webhooks { id } }", key="other reader") == {"webhooks": []}
    assert api.codes("{ webhooks(applicationId: 1) { id } }", key="other reader") == ["FORBIDDEN"]
    for document in (DELETE, ROTATE):
        assert api.codes(document, {"id": id_}, "other writer") == ["FORBIDDEN"]
        assert api.codes(document, {"id": id_}, "reader") == ["FORBIDDEN"]
    assert api.codes(UPDATE, {"input": {"id": id_}}, "other writer") == ["FORBIDDEN"]
    assert api.codes(CREATE, {"input": {"url": URL}}, "reader") == ["FORBIDDEN"]
    assert api.codes(CREATE, {"input": {"url": URL, "applicationId": 1}}, "other writer") == ["FORBIDDEN"]


def test_permitted_networks_may_be_sent_to_over_http(serve: Any) -> None:
    api: Api = serve(webhooks=False, webhook_networks=("127.0.0.0/8", "fd00::/8"))

    for url in ("http://127.0.0.1:1/", "https://[fd00::1]/", "http://localhost/", "http://[::ffff:127.0.0.1]/"):
        assert create(api, url=url)["errors"] == []
    assert "not a public address" in create(api, url="http://10.0.0.1/")["errors"][0]["message"]
