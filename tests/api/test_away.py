"""A database that is away: requests fail clearly, and say what may have become of them."""

from typing import Any

import pytest
from served import Api

from db.engine.errors import DatabaseUnavailable
from graphql_api.security.key_lookup import Lookups

CREATE = 'mutation { createSession(input: {integrationId: "s1"}) { session { version } } }'
READ = '{ customerSession(integrationId: "s1") { version } }'


async def away(*arguments: Any) -> Any:
    """Nobody is there."""
    raise DatabaseUnavailable from ConnectionRefusedError("Connection refused")


@pytest.mark.parametrize(("method", "document"), [("write", CREATE), ("read", READ)])
def test_what_is_asked_meanwhile_is_unavailable_and_works_afterwards(
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


def test_where_not_even_the_key_can_be_looked_up_the_status_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lookups, "find", away)

    answer = api.runner.run(api.post({"query": READ}))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
