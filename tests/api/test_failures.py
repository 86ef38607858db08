"""Failures of the server: a database that is away, and exceptions that nobody expected."""

from typing import Any

import pytest
from api_server import Api

from db.engine.errors import DatabaseUnavailable
from graphql_api.security.key_loader import KeyLoader

CREATE = 'mutation { createSession(input: {integrationId: "s1"}) { session { version } } }'
READ = '{ customerSession(integrationId: "s1") { version } }'


async def away(*arguments: Any) -> Any:
    """Fail as a database does that is away."""
    raise DatabaseUnavailable from ConnectionRefusedError("Connection refused")


@pytest.mark.parametrize(("method", "document"), [("write", CREATE), ("read", READ)])
def test_operations_are_unavailable_while_the_database_is_away_and_work_afterwards(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str, document: str
) -> None:
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(api.database, method, away)
        answer = api.query(document)

    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}
    assert "idempotency key" in error["message"]
    assert "the database cannot be used: Connection refused" in caplog.text
    assert "errors" not in api.query(document)


def test_request_whose_key_cannot_be_looked_up_is_answered_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyLoader, "load", away)

    answer = api.runner.run(api.post({"query": READ}))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


class Broken:
    """A method of a database that fails, and counts its calls."""

    def __init__(self, error: Exception) -> None:
        self.calls = 0
        self.error = error

    async def __call__(self, *arguments: Any) -> Any:
        """Raise the error."""
        self.calls += 1
        raise self.error


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The errors in the server's log."""
    return [
        record.getMessage() for record in caplog.records if record.name == "cartograph" and record.levelname != "INFO"
    ]


def test_query_of_100_fields_is_tried_once_while_the_database_is_away(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = Broken(DatabaseUnavailable("Connection refused"))
    monkeypatch.setattr(api.database, "read", read)
    fields = " ".join(f'f{number}: customerSession(integrationId: "s{number}") {{ version }}' for number in range(100))

    answer = api.runner.run(api.post({"query": f"{{ {fields} }}"}))

    assert (read.calls, answer.status_code, answer.headers["Retry-After"]) == (1, 503, "1")
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAVAILABLE"]
    assert logged(caplog) == ["the database cannot be used: Connection refused"]


def test_unexpected_exception_of_a_query_is_logged_once_with_the_id_that_the_client_sees(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = Broken(ZeroDivisionError("secret"))
    monkeypatch.setattr(api.database, "read", read)

    answer = api.runner.run(api.post({"query": f"{{ a: {READ[2:-2]} b: {READ[2:-2]} }}"}))

    (error,) = answer.json()["errors"]
    assert (read.calls, answer.status_code, error["extensions"]["code"]) == (1, 500, "INTERNAL")
    assert logged(caplog) == [f"internal error {error['extensions']['id']}"]
    assert "secret" not in answer.text


def test_unexpected_exception_of_a_mutation_is_logged_once_and_stops_the_next_mutations(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write = Broken(ZeroDivisionError("secret"))
    monkeypatch.setattr(api.database, "write", write)
    field = 'createSession(input: {integrationId: "s1"}) { session { version } }'

    answer = api.query(f"mutation {{ first: {field} second: {field} }}")

    (error,) = answer["errors"]
    assert (write.calls, answer["data"], error["path"]) == (1, None, ["first"])
    assert logged(caplog) == [f"internal error {error['extensions']['id']}"]


def test_payload_that_cannot_be_read_is_not_read_again_and_its_exception_is_logged_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read = Broken(ZeroDivisionError("secret"))
    monkeypatch.setattr(api.database, "read", read)
    session = "session { version }"

    answer = api.query(
        f'mutation {{ createSession(input: {{integrationId: "s1"}}) {{ a: {session} b: {session} replayed }} }}'
    )

    assert answer["data"] == {"createSession": {"a": None, "b": None, "replayed": False}}
    assert [error["path"][-1] for error in answer["errors"]] == ["a", "b"]
    assert len({error["extensions"]["id"] for error in answer["errors"]}) == len(logged(caplog)) == read.calls == 1


def test_bad_argument_of_one_field_leaves_the_other_fields_their_data(api: Api) -> None:
    answer = api.query(
        '{ viewer { keyName } bad: node(id: "nonsense") { id } good: customerProfiles { nodes { id } } }'
    )

    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["bad"], "BAD_USER_INPUT")
    assert answer["data"] == {"viewer": {"keyName": "Writer"}, "bad": None, "good": {"nodes": []}}
