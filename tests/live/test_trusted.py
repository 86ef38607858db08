"""Trusted documents over WebSockets: named by their IDs as over HTTP; no others in the mode only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api_server import Api
from sockets import running

WHO = "query Who { viewer { keyName } }"
CHANGES = 'subscription { customerSessionChanged(integrationId: "s1", afterVersion: 0) { version } }'


@pytest.fixture
def only(serve: Callable[..., Api], tmp_path: Path) -> Api:
    """The API with two documents, and no others."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"who": WHO, "changes": CHANGES}), encoding="utf-8")
    return serve(trusted_documents=path, trusted_documents_mode="only")


def first_of(api: Api, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the first message of an operation."""

    async def receive_first() -> dict[str, Any]:
        async with running(api) as server, server.client() as client:
            await client.send("subscribe", id="1", payload=payload)
            return await client.receive_for("1")

    answer: dict[str, Any] = api.runner.run(receive_first())
    return answer


@pytest.mark.parametrize(
    "payload",
    [{"documentId": "who"}, {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "who"}}}],
)
def test_a_socket_names_a_document_as_a_request_does(only: Api, payload: dict[str, Any]) -> None:
    message = first_of(only, payload)
    assert (message["type"], message["payload"]["data"]) == ("next", {"viewer": {"keyName": "Writer"}})


def test_a_subscription_can_be_trusted(only: Api) -> None:
    only.shop.create("s1")
    message = first_of(only, {"documentId": "changes"})
    assert message["payload"]["data"] == {"customerSessionChanged": {"version": 1}}


@pytest.mark.parametrize(
    ("payload", "code"),
    [({"query": WHO}, "FORBIDDEN"), ({"query": CHANGES}, "FORBIDDEN"), ({"documentId": "none"}, "DOCUMENT_NOT_FOUND")],
)
def test_a_socket_is_no_way_around_the_manifest(only: Api, payload: dict[str, Any], code: str) -> None:
    message = first_of(only, payload)
    assert message["type"] == "error"
    assert [error["extensions"]["code"] for error in message["payload"]] == [code]
