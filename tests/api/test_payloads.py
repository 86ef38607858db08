"""The payload of a mutation that was carried out: read by one statement, also for several fields."""

from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api

from db.domain.attribute_definition import AttributeEntity, AttributeType

CREATE = """mutation($input: CreateSessionInput!) {
    made: createSession(input: $input) { __typename replayed errors { path } session { version } }
}"""
RETURN = """mutation($input: ReturnItemsInput!) {
    returnItems(input: $input) { session { state } ...Rest }
}
fragment Rest on ReturnItemsPayload { errors { message } return { amount } replayed }"""


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """The API with nothing in it."""
    return serve()


def test_payload_is_read_by_one_statement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, read = [], api.database.read

    async def counted(*arguments: Any) -> Any:
        reads.append(arguments)
        return await read(*arguments)

    line = {"sku": "mug", "quantity": 2, "price": "1.50"}
    api.data(CREATE, {"input": {"integrationId": "s1", "state": "CLOSED", "cartItems": [line]}})
    monkeypatch.setattr(api.database, "read", counted)
    given = {"integrationId": "s1", "items": [{"line": {"sku": "mug"}, "quantity": 1}], "idempotencyKey": "k"}
    answer = {"session": {"state": "PARTIALLY_RETURNED"}, "errors": [], "return": {"amount": "1.50"}}
    assert api.data(RETURN, {"input": given}) == {"returnItems": {**answer, "replayed": False}}
    assert api.data(RETURN, {"input": given}) == {"returnItems": {**answer, "replayed": True}}
    assert len(reads) == 2


def test_payload_whose_session_cannot_be_read_says_that_the_change_was_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*arguments: Any) -> Any:
        raise OSError

    monkeypatch.setattr(api.database, "read", broken)
    answer = api.query(CREATE, {"input": {"integrationId": "s1"}})
    payload = {"__typename": "CreateSessionPayload", "replayed": False, "errors": [], "session": None}
    assert answer["data"] == {"made": payload}
    assert [error["path"] for error in answer["errors"]] == [["made", "session"]]


def test_negative_zero_in_attributes_is_answered_as_zero(api: Api) -> None:
    for name, type_ in (("n", AttributeType.NUMBER), ("l", AttributeType.NUMBER_LIST), ("p", AttributeType.LOCATION)):
        api.shop.define(AttributeEntity.CUSTOMER_SESSION, name, type_)
    place = {"latitude": -0.0, "longitude": -0.0}
    variables = {"input": {"integrationId": "s", "attributes": {"n": -0.0, "l": [-0.0, 1.5], "p": place}}}
    create = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { attributes } } }"
    zero = "{'l': [0, 1.5], 'n': 0, 'p': {'latitude': 0, 'longitude': 0}}"
    assert str(api.data(create, variables)["createSession"]["session"]["attributes"]) == zero
    read = '{ customerSession(integrationId: "s") { attributes events { nodes { changes } } } }'
    session = api.data(read)["customerSession"]
    assert str(session["attributes"]) == zero
    assert str(session["events"]["nodes"][0]["changes"]["attributes"]) == zero
