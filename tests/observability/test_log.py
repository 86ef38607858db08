"""The log: one JSON line for each operation, without variables, literals or keys."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from api_server import Api
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from graphql_api.observability import log
from graphql_api.observability.operation_record import OperationRecord, current_operation

CREATE = "mutation Make($input: CreateSessionInput!) { createSession(input: $input) { session { state } } }"
READ = 'query Look($id: String = "s1") { customerSession(integrationId: $id) { cartItems { sku } } }'
PAGE = "{ customerSessions(first: 30) { nodes { state } } }"


class ListHandler(logging.Handler):
    """Appends the lines of records to a list."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record in the thread that logged it, as JsonHandler does."""
        self.lines.append(json.loads(log.format_record(record)))


@pytest.fixture
def logged() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return the lines that were logged since the last call."""
    logger, handler = logging.getLogger("cartograph"), ListHandler()

    def take_lines() -> list[dict[str, Any]]:
        lines, handler.lines = handler.lines, []
        return lines

    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield take_lines
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


Logged = Callable[[], list[dict[str, Any]]]


def test_an_operation_is_one_line_with_its_facts(api: Api, logged: Logged) -> None:
    api.shop.create("s1")
    api.data("{ viewer { role } }")
    logged()

    api.data(READ)

    (line,) = logged()
    assert datetime.fromisoformat(line.pop("time")).tzinfo
    assert line.pop("milliseconds") > 0
    assert re.fullmatch(r"[0-9a-f]{16}-\d+", line.pop("request"))
    assert line == {
        "level": "info",
        "logger": "cartograph.operations",
        "type": "query",
        "operation": "Look",
        "document": sha256(READ.encode()).hexdigest(),
        "key": api.keys["writer"].split("_")[2],
        "cost": 2,
        "statements": 1,
        "status": 200,
        "outcome": "OK",
    }


def test_the_cost_is_that_of_the_page_size(api: Api, logged: Logged) -> None:
    api.data(PAGE)
    assert logged()[-1]["cost"] == 30


def test_the_statements_of_a_mutation_are_counted(api: Api, logged: Logged) -> None:
    api.data(CREATE, {"input": {"integrationId": "s1"}})
    line = logged()[-1]
    assert (line["type"], line["operation"]) == ("mutation", "Make")
    assert line["statements"] > 2


@pytest.mark.parametrize(
    ("body", "key", "status", "outcome", "type_"),
    [
        ({"query": "{"}, "writer", 200, "GRAPHQL_PARSE_FAILED", None),
        ({"query": "{ nothing }"}, "writer", 200, "GRAPHQL_VALIDATION_FAILED", None),
        ({"query": "{ customerSessions(first: 101) { nodes { state } } }"}, "writer", 200, "BAD_USER_INPUT", "query"),
        ({"query": CREATE, "variables": {"input": {"integrationId": "n"}}}, "reader", 200, "FORBIDDEN", "mutation"),
        ({"query": "{ viewer { role } }"}, "ck_no_key", 401, "UNAUTHENTICATED", None),
        ({"query": 7}, "writer", 400, "BAD_USER_INPUT", None),
        ({"documentId": "none"}, "writer", 200, "DOCUMENT_NOT_FOUND", None),
    ],
)
def test_a_refused_operation_is_logged_with_its_code(
    shared_api: Api, logged: Logged, body: object, key: str, status: int, outcome: str, type_: str | None
) -> None:
    shared_api.runner.run(shared_api.post(body, key))
    (line,) = logged()
    assert (line["status"], line["outcome"], line["type"]) == (status, outcome, type_)


def test_an_internal_error_is_logged_with_its_id_and_that_of_the_request(
    api: Api, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr("graphql_api.observability.instrumented_database.InstrumentedDatabase.read", broken)
    (error,) = api.query("{ viewer { role } }")["errors"]

    failure, line = logged()
    assert failure["message"] == f"internal error {error['extensions']['id']}"
    assert "RuntimeError: the disk is on fire" in failure["exception"]
    assert failure["level"] == "error"
    assert failure["request"] == line["request"]
    assert line["outcome"] == "INTERNAL"


def test_nothing_that_a_client_sent_is_logged_except_the_operation_name(api: Api, logged: Logged) -> None:
    secret = "a customer's own words"  # noqa: S105  # not a credential
    session = {"integrationId": secret, "coupon": secret, "profileId": secret}
    api.data(CREATE, {"input": session})
    api.query(READ, {"id": secret})
    api.query(f'{{ customerSession(integrationId: "{secret}") {{ state }} }}')
    api.query(f'{{ node(id: "{secret}") {{ id }} }}')
    api.query(f"{{ {secret} }}")
    api.query("{ viewer { role } }", key=secret)
    written = json.dumps(logged())
    assert secret not in written
    assert api.keys["writer"] not in written


def test_the_error_of_a_statement_is_logged_without_its_values(api: Api, logged: Logged) -> None:
    secret = "a customer's own words"  # noqa: S105  # not a credential

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (?)", (secret,))

    try:
        api.runner.run(api.database.write(broken))
    except DBAPIError:
        logging.getLogger("cartograph").exception("not written")
    (failure,) = logged()
    assert "nowhere" in failure["exception"]
    assert secret not in failure["exception"]


@pytest.mark.parametrize("given_id", ["mine", "7f0c-11", "a" * 128, "trace/1=2@b+c:d.e_f~g"])
def test_a_valid_x_request_id_is_used(shared_api: Api, logged: Logged, given_id: str) -> None:
    response = shared_api.request("POST", headers={"X-Request-Id": given_id})
    assert response.headers["x-request-id"] == given_id
    assert logged()[-1]["request"] == given_id


@pytest.mark.parametrize("given_id", ["", "two words", "a" * 129, 'quo"ted', "back\\slash", "caf\xe9"])
def test_an_invalid_x_request_id_is_replaced(shared_api: Api, logged: Logged, given_id: str) -> None:
    response = shared_api.request("POST", headers={"X-Request-Id": given_id.encode("latin-1")})
    assert re.fullmatch(r"[0-9a-f]{16}-\d+", response.headers["x-request-id"])
    assert logged()[-1]["request"] == response.headers["x-request-id"]


def test_generated_request_ids_are_unique(shared_api: Api) -> None:
    ids = [shared_api.request(method).headers["x-request-id"] for method in ("GET", "POST", "PUT") * 10]
    assert len(set(ids)) == len(ids)


@pytest.fixture
def current_record() -> Iterator[OperationRecord]:
    """The record of the operation that runs during the test."""
    record = OperationRecord("mine")
    token = current_operation.set(record)
    yield record
    current_operation.reset(token)


@given(message=st.text(), name=st.text(st.characters(codec="utf-8"), min_size=1))
def test_every_message_is_one_line_of_json(message: str, name: str) -> None:
    line = log.format_record(
        logging.LogRecord(name, logging.WARNING, "", 0, "%s", (message.encode("utf-8", "replace"),), None)
    )
    assert line.count(b"\n") == 1
    assert json.loads(line)["logger"] == name


@pytest.mark.usefixtures("current_record")
def test_a_message_during_an_operation_has_its_request_id() -> None:
    record = logging.LogRecord("cartograph", logging.WARNING, "", 0, "careful with %s", ("that",), None)
    line = json.loads(log.format_record(record))
    assert (line["message"], line["request"], line["level"]) == ("careful with that", "mine", "warning")


def test_the_fields_can_be_read_as_text(current_record: OperationRecord) -> None:
    assert re.fullmatch(
        r"request=mine cost=0 statements=0 milliseconds=[\d.]+ status=0 outcome=OK", str(current_record)
    )


def test_a_long_operation_name_is_truncated(api: Api, logged: Logged) -> None:
    api.data(f"query {'n' * 5_000} {{ viewer {{ role }} }}")
    assert logged()[-1]["operation"] == "n" * 100


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "text/html"])
def test_a_response_has_one_x_request_id(shared_api: Api, accept: str) -> None:
    headers = {"Accept": accept, "Authorization": f"Bearer {shared_api.keys['reader']}"}
    for _ in range(3):
        response = shared_api.request("POST", json={"query": "{ __typename }"}, headers=headers)
        assert len(response.headers.get_list("x-request-id")) == 1
