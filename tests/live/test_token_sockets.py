"""Session tokens on WebSockets and streams: they follow one session, and end with the token."""

from datetime import UTC, datetime

import pytest
from api_server import Api
from sockets import running

from db.operations.keys import revoke_key

CREATE = """mutation($input: CreateSessionTokenInput!) { createSessionToken(input: $input) { token } }"""
FOLLOW = """subscription($id: String!) {
  customerSessionChanged(integrationId: $id) { version session { integrationId } } }"""
UPDATE = """mutation($id: String!, $coupon: String) {
  updateSession(input: {integrationId: $id, coupon: $coupon}) { session { version } } }"""


def with_token(api: Api, seconds: int = 600) -> Api:
    """Create two sessions, and add a token of one of them to the keys."""
    for name in ("own", "other"):
        api.shop.create(name)
    given = {"integrationId": "own", "rights": "WRITE_CART", "expiresIn": seconds}
    api.keys["token"] = api.data(CREATE, {"input": given})["createSessionToken"]["token"]
    return api


def test_a_token_follows_its_own_session_and_no_other(api: Api) -> None:
    async def scenario() -> None:
        async with running(api) as server, server.client("token") as browser, server.client() as shop:
            operations = [await browser.start(FOLLOW, id=name) for name in ("nobody", "other", "own")]
            for name, coupon in (("nobody", None), ("other", "A"), ("own", "B")):
                await (await shop.start(UPDATE, id=name, coupon=coupon)).next()
            event = {"version": 2, "session": {"integrationId": "own"}}
            assert await operations[2].next() == {"customerSessionChanged": event}
            assert await (await browser.start("{ __typename }")).next() == {"__typename": "Query"}
            assert browser._received == [], "the others changed before, and sent nothing"

    with_token(api)
    api.runner.run(scenario())


def test_a_token_writes_its_cart_over_a_socket(api: Api) -> None:
    async def scenario() -> None:
        async with running(api) as server, server.client("token") as browser:
            written = await browser.start(UPDATE, id="own", coupon="A")
            assert await written.next() == {"updateSession": {"session": {"version": 2}}}

    with_token(api)
    api.runner.run(scenario())


@pytest.mark.parametrize(
    "document",
    [
        "subscription { sessionEvents { cursor } }",
        "subscription { ...f } fragment f on Subscription { sessionEvents { cursor } }",
        "{ customerSessions { totalCount } }",
        'mutation { closeSession(input: {integrationId: "own"}) { replayed } }',
    ],
)
def test_what_is_closed_to_a_token_is_closed_on_every_way(api: Api, document: str) -> None:
    async def scenario() -> None:
        async with running(api) as server:
            async with server.client("token") as browser:
                (error,) = await (await browser.start(document)).end()
                assert error["extensions"]["code"] == "FORBIDDEN"
            async with server.stream(document, "token") as stream:
                kind, result = await anext(stream)
                assert (kind, result["errors"][0]["extensions"]["code"]) == ("next", "FORBIDDEN")

    with_token(api)
    api.runner.run(scenario())


def test_a_socket_ends_with_the_token(api: Api) -> None:
    async def scenario() -> None:
        async with running(api) as server, server.client("token") as browser:
            await browser.start(FOLLOW, id="own")
            assert await browser.closed() == 4401

    with_token(api, seconds=2)
    api.runner.run(scenario())


def test_a_socket_of_a_token_ends_with_the_key_that_made_it(api: Api) -> None:
    async def scenario() -> None:
        async with running(api) as server, server.client("token") as browser:
            await browser.start(FOLLOW, id="own")
            await api.database.write(revoke_key, 1, api.keys["writer"].split("_")[2], datetime.now(UTC))
            assert await browser.closed() == 4401

    with_token(api)
    api.runner.run(scenario())
