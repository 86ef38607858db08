"""Authentication by keys: valid and invalid ones, caching, revocation, and floods of unknown keys."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from api_server import Api
from shop import Shop
from sqlalchemy import Connection, update

from db.domain.commands import CreateKey
from db.operations.keys import create_key, revoke_key
from db.repository.core import API_KEY
from graphql_api.errors import Unauthenticated
from graphql_api.security import authentication
from graphql_api.security.authentication import Authenticator
from graphql_api.security.viewer import Viewer

UNKNOWN_KEY = "Bearer ck_1_abcdefghijkl_"


def prefix_of(key: str) -> str:
    """Return the part of a key that is not secret."""
    return key.split("_")[2]


def status(api: Api, authorization: str | None) -> tuple[int, Any]:
    """Return the status of a request with this Authorization header, and the message of its error."""
    headers = {} if authorization is None else {"Authorization": authorization}
    response = api.request("POST", json={"query": "{ viewer { role } }"}, headers=headers)
    errors = response.json().get("errors")
    if errors:
        assert response.headers["www-authenticate"] == "Bearer"
        assert [error["extensions"]["code"] for error in errors] == ["UNAUTHENTICATED"]
    return response.status_code, errors and errors[0]["message"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_scheme_is_case_insensitive(shared_api: Api, scheme: str) -> None:
    assert status(shared_api, f"{scheme} {shared_api.keys['reader']}") == (200, None)


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
def test_request_without_valid_key_is_unauthenticated(shared_api: Api, authorization: str | None) -> None:
    code, message = status(shared_api, authorization)
    assert code == 401
    assert message


@pytest.mark.parametrize("form", ["{}", " {}", "Bearer{}", "Basic {}", "Bearer-{}", "Bearer {} x", "Bearer {0} {0}"])
def test_cached_key_in_a_malformed_header_is_unauthenticated(shared_api: Api, form: str) -> None:
    key = shared_api.keys["reader"]
    assert status(shared_api, f"Bearer {key}") == (200, None)
    assert status(shared_api, form.format(key))[0] == 401


def test_valid_prefix_with_wrong_secret_is_unauthenticated(shared_api: Api) -> None:
    key = shared_api.keys["reader"]
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), key[:-64] + 64 * "0", key.replace("ck_1", "ck_2")):
        assert status(shared_api, f"Bearer {wrong}") == (401, "The key is not known.")
    assert status(shared_api, f"Bearer {key}") == (200, None)


def test_expired_key_is_unauthenticated(api: Api) -> None:
    made = api.shop.write(create_key, CreateKey(application_id=1, name="Old", role="reader"), Shop.OPENED)
    assert status(api, f"Bearer {made.secret}") == (200, None)

    def expire(connection: Connection) -> None:
        long_ago = Shop.OPENED - timedelta(days=1)
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(expires=long_ago))

    api.shop.write(expire)
    assert status(api, f"Bearer {made.secret}") == (200, None), "it is cached"
    api.server.authenticator._valid.clear()
    assert status(api, f"Bearer {made.secret}") == (401, "The key has expired.")


@pytest.mark.parametrize(("seconds", "code"), [(60, 200), (0, 401)])
def test_revocation_takes_effect_when_the_cache_entry_expires(
    serve: Callable[..., Api], seconds: int, code: int
) -> None:
    api = serve(key_cache_seconds=seconds)
    authorization = f"Bearer {api.keys['reader']}"
    assert status(api, authorization) == (200, None)
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    assert status(api, authorization)[0] == code


def test_created_key_works_until_it_is_revoked(serve: Callable[..., Api]) -> None:
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
    for moment in ("revoked", "lastUsed"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", revoked["key"][moment])
    assert api.codes("{ viewer { role } }", key=made["secret"]) == ["UNAUTHENTICATED"]


def test_only_admin_keys_can_read_keys(api: Api) -> None:
    prefix = prefix_of(api.keys["reader"])
    variables = {"id": f"key-1-{prefix.encode().hex()}"}
    document = "query($id: ID!) { node(id: $id) { ... on ApiKey { name role prefix } } }"
    assert api.data(document, variables, "writer") == {"node": None}
    assert api.data(document, variables, "admin") == {"node": {"name": "Reader", "role": "READER", "prefix": prefix}}


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the cache."""
    clock = Clock()
    monkeypatch.setattr(authentication, "monotonic", clock)
    return clock


@pytest.fixture
def queries(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record the queries from here on."""
    taken: list[Any] = []
    query = api.database.query

    def counted(*args: Any) -> Awaitable[Any]:
        taken.append(args)
        return query(*args)

    monkeypatch.setattr(api.database, "query", counted)
    return taken


@pytest.fixture
def authenticator(api: Api) -> Iterator[Authenticator]:
    """A second authenticator on the same database."""
    authenticator = Authenticator(api.database, api.server.settings.key_cache_seconds, 10, at_opening)
    yield authenticator
    api.runner.run(authenticator.close())


def at_opening() -> datetime:
    """Return a time at which all keys of the shop are valid."""
    return Shop.OPENED


def bearer(api: Api, name: str = "reader") -> str:
    """Return an Authorization header."""
    return f"Bearer {api.keys[name]}"


async def authenticate_unknown(
    authenticator: Authenticator, count: int, first: int = 0
) -> list[Viewer | BaseException]:
    """Authenticate so many distinct unknown keys concurrently, and return the results."""
    unknown = (authenticator.authenticate(f"{UNKNOWN_KEY}{number:064x}") for number in range(first, first + count))
    return await asyncio.gather(*unknown, return_exceptions=True)


def test_last_use_is_written_once_a_minute(api: Api) -> None:
    moments = iter([Shop.OPENED + timedelta(seconds=seconds) for seconds in (0, 30, 61)])
    authenticator = Authenticator(api.database, 0, 10, lambda: next(moments))
    prefix = prefix_of(api.keys["reader"])
    document = f'{{ node(id: "key-1-{prefix.encode().hex()}") {{ ... on ApiKey {{ lastUsed }} }} }}'
    for used in ("2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z", "2026-03-01T10:01:01.000Z"):
        api.runner.run(authenticator.authenticate(bearer(api)))
        api.runner.run(authenticator.close())
        assert api.data(document, key="admin") == {"node": {"lastUsed": used}}


def test_authentication_does_not_wait_for_the_write_of_last_use(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    locked = asyncio.Event()
    written: list[Any] = []

    async def write(operation: Any, *args: Any) -> None:
        written.append(args)
        await locked.wait()
        raise OSError("the disk is full")

    async def two_requests() -> None:
        authenticator = Authenticator(api.database, 0, 10, at_opening)
        for _ in range(2):
            assert (await authenticator.authenticate(bearer(api))).key_name == "Reader"
            await asyncio.sleep(0)
        assert len(written) == 1, "one at a time"
        locked.set()
        await authenticator.close()

    monkeypatch.setattr(api.database, "write", write)
    api.runner.run(two_requests())
    assert "could not be written" in caplog.text
    assert api.keys["reader"] not in caplog.text


def test_revocation_takes_effect_in_every_process_within_two_seconds(api: Api, clock: Clock) -> None:
    processes = [Authenticator(api.database, api.server.settings.key_cache_seconds, 10, at_opening) for _ in range(2)]
    for authenticator in processes:
        api.runner.run(authenticator.authenticate(bearer(api)))
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    clock.seconds = 2
    for authenticator in processes:
        with pytest.raises(Unauthenticated, match="revoked"):
            api.runner.run(authenticator.authenticate(bearer(api)))
        api.runner.run(authenticator.close())


def test_slow_lookup_does_not_extend_the_life_of_its_cache_entry(
    api: Api, authenticator: Authenticator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = api.database.query

    async def slow(*args: Any) -> Any:
        found = await query(*args)
        clock.seconds += 5
        return found

    monkeypatch.setattr(api.database, "query", slow)
    api.runner.run(authenticator.authenticate(bearer(api)))
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    with pytest.raises(Unauthenticated, match="revoked"):
        api.runner.run(authenticator.authenticate(bearer(api)))


def test_flood_of_unknown_keys_takes_few_queries(api: Api, authenticator: Authenticator, queries: list[Any]) -> None:
    answers = api.runner.run(authenticate_unknown(authenticator, 1_000))
    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert 1 <= len(queries) <= 3


def test_concurrent_requests_with_one_key_share_a_lookup(
    api: Api, authenticator: Authenticator, queries: list[Any]
) -> None:
    async def many() -> list[Viewer]:
        return await asyncio.gather(*(authenticator.authenticate(bearer(api)) for _ in range(100)))

    assert len(set(api.runner.run(many()))) == 1
    assert len(queries) == 1


def test_invalid_key_is_cached(api: Api, authenticator: Authenticator, clock: Clock, queries: list[Any]) -> None:
    for seconds, looks in ((0, 1), (1.9, 1), (2, 2)):
        clock.seconds = seconds
        api.runner.run(authenticate_unknown(authenticator, 1))
        assert len(queries) == looks


def test_cache_of_invalid_keys_is_bounded_and_evicts_no_valid_key(
    api: Api, authenticator: Authenticator, queries: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "MAX_CACHED", 10)
    api.runner.run(authenticator.authenticate(bearer(api)))
    api.runner.run(authenticate_unknown(authenticator, 100))
    assert len(authenticator._invalid) == 10
    looks = len(queries)
    api.runner.run(authenticator.authenticate(bearer(api)))
    api.runner.run(authenticate_unknown(authenticator, 10, first=90))
    assert len(queries) == looks


def test_known_key_does_not_wait_for_unknown_ones(
    api: Api, authenticator: Authenticator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = api.database.query
    api.runner.run(authenticator.authenticate(bearer(api)))
    clock.seconds = 3

    async def during_a_flood() -> None:
        ended = asyncio.Event()

        async def query_unknown(operation: Any, names: Any) -> Any:
            if any(name.prefix == "abcdefghijkl" for name in names):
                await ended.wait()
            return await query(operation, names)

        monkeypatch.setattr(api.database, "query", query_unknown)
        flood = asyncio.create_task(authenticate_unknown(authenticator, 10))
        await asyncio.sleep(0)
        assert (await authenticator.authenticate(bearer(api))).key_name == "Reader"
        assert not flood.done()
        ended.set()
        await flood

    api.runner.run(during_a_flood())


def test_cancelled_waiter_does_not_cancel_others(api: Api, authenticator: Authenticator) -> None:
    async def two() -> str:
        first, second = (asyncio.create_task(authenticator.authenticate(bearer(api))) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).key_name

    assert api.runner.run(two()) == "Reader"


def test_failed_lookup_raises_and_is_not_cached(
    api: Api, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any) -> None:
        raise OSError("no such server")

    with monkeypatch.context() as patch:
        patch.setattr(api.database, "query", broken)
        answers = api.runner.run(authenticate_unknown(authenticator, 2))
        assert {type(answer) for answer in answers} == {OSError}
        with pytest.raises(OSError, match="no such server"):
            api.runner.run(authenticator.authenticate(bearer(api)))
    assert api.runner.run(authenticator.authenticate(bearer(api))).key_name == "Reader"


def test_lookup_past_the_deadline_is_answered_503(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    api = serve(deadline_seconds=0.05)
    answers = asyncio.Event()

    async def query(*args: Any) -> dict[str, Any]:
        await answers.wait()
        return {}

    monkeypatch.setattr(api.server.authenticator._unknown_keys, "_database", SimpleNamespace(query=query))
    headers = {"Authorization": bearer(api)}
    response = api.request("POST", json={"query": "{ viewer { role } }"}, headers=headers)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["TIMEOUT"]
    answers.set()
