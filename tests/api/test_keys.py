"""Keys: what opens the door, for how long, and what a flood of others costs."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from served import Api
from shop import Shop
from sqlalchemy import Connection, update

from db.domain.commands import CreateKey
from db.operations import create_key, revoke_key
from db.repository.core import API_KEY
from graphql_api.errors import Unauthenticated
from graphql_api.security import api_keys as guard
from graphql_api.security.api_keys import Keys
from graphql_api.security.viewer import Viewer

STRANGER = "Bearer ck_1_abcdefghijkl_"


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
def test_a_key_is_good_however_its_scheme_is_written(shared_api: Api, scheme: str) -> None:
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
def test_a_request_without_a_good_key_is_unauthenticated(shared_api: Api, authorization: str | None) -> None:
    code, message = status(shared_api, authorization)
    assert code == 401
    assert message


@pytest.mark.parametrize("form", ["{}", " {}", "Bearer{}", "Basic {}", "Bearer-{}", "Bearer {} x", "Bearer {0} {0}"])
def test_a_key_that_is_remembered_opens_nothing_in_another_form(shared_api: Api, form: str) -> None:
    key = shared_api.keys["reader"]
    assert status(shared_api, f"Bearer {key}") == (200, None)
    assert status(shared_api, form.format(key))[0] == 401


def test_a_good_prefix_with_another_secret_opens_nothing(shared_api: Api) -> None:
    key = shared_api.keys["reader"]
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), key[:-64] + 64 * "0", key.replace("ck_1", "ck_2")):
        assert status(shared_api, f"Bearer {wrong}") == (401, "The key is not known.")
    assert status(shared_api, f"Bearer {key}") == (200, None)


def test_a_key_that_has_expired_opens_nothing(api: Api) -> None:
    made = api.shop.write(create_key, CreateKey(application_id=1, name="Old", role="reader"), Shop.OPENED)
    assert status(api, f"Bearer {made.secret}") == (200, None)

    def expire(connection: Connection) -> None:
        long_ago = Shop.OPENED - timedelta(days=1)
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(expires=long_ago))

    api.shop.write(expire)
    assert status(api, f"Bearer {made.secret}") == (200, None), "it is remembered"
    api.server.keys._good.clear()
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
    for moment in ("revoked", "lastUsed"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", revoked["key"][moment])
    assert api.codes("{ viewer { role } }", key=made["secret"]) == ["UNAUTHENTICATED"]


def test_only_an_admin_sees_keys(api: Api) -> None:
    prefix = prefix_of(api.keys["reader"])
    variables = {"id": f"key-1-{prefix.encode().hex()}"}
    document = "query($id: ID!) { node(id: $id) { ... on ApiKey { name role prefix } } }"
    assert api.data(document, variables, "writer") == {"node": None}
    assert api.data(document, variables, "admin") == {"node": {"name": "Reader", "role": "READER", "prefix": prefix}}


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """What time it is."""
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that keys go by."""
    clock = Clock()
    monkeypatch.setattr(guard, "monotonic", clock)
    return clock


@pytest.fixture
def queries(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The looks that are taken at the database from here on."""
    taken: list[Any] = []
    query = api.database.query

    def counted(*args: Any) -> Awaitable[Any]:
        taken.append(args)
        return query(*args)

    monkeypatch.setattr(api.database, "query", counted)
    return taken


@pytest.fixture
def keys(api: Api) -> Iterator[Keys]:
    """The keys of a process, on a database that a test may have spoilt."""
    keys = Keys(api.database, api.server.settings.key_cache_seconds, 10, at_opening)
    yield keys
    api.runner.run(keys.close())


def at_opening() -> datetime:
    """A moment at which all keys of the shop are good."""
    return Shop.OPENED


def bearer(api: Api, name: str = "reader") -> str:
    """An Authorization header."""
    return f"Bearer {api.keys[name]}"


async def strangers(keys: Keys, count: int, first: int = 0) -> list[Viewer | BaseException]:
    """So many keys that nobody knows, each another, all at once."""
    unknown = (keys.viewer(f"{STRANGER}{number:064x}") for number in range(first, first + count))
    return await asyncio.gather(*unknown, return_exceptions=True)


def test_the_time_of_a_keys_last_use_is_written_once_a_minute(api: Api) -> None:
    moments = iter([Shop.OPENED + timedelta(seconds=seconds) for seconds in (0, 30, 61)])
    keys = Keys(api.database, 0, 10, lambda: next(moments))
    prefix = prefix_of(api.keys["reader"])
    document = f'{{ node(id: "key-1-{prefix.encode().hex()}") {{ ... on ApiKey {{ lastUsed }} }} }}'
    for used in ("2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00.000Z", "2026-03-01T10:01:01.000Z"):
        api.runner.run(keys.viewer(bearer(api)))
        api.runner.run(keys.close())
        assert api.data(document, key="admin") == {"node": {"lastUsed": used}}


def test_nobody_waits_until_the_use_of_a_key_is_written(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    locked = asyncio.Event()
    written: list[Any] = []

    async def write(operation: Any, *args: Any) -> None:
        written.append(args)
        await locked.wait()
        raise OSError("the disk is full")

    async def two_requests() -> None:
        keys = Keys(api.database, 0, 10, at_opening)
        for _ in range(2):
            assert (await keys.viewer(bearer(api))).key_name == "Reader"
            await asyncio.sleep(0)
        assert len(written) == 1, "one at a time"
        locked.set()
        await keys.close()

    monkeypatch.setattr(api.database, "write", write)
    api.runner.run(two_requests())
    assert "could not be noted" in caplog.text
    assert api.keys["reader"] not in caplog.text


def test_every_process_heeds_a_revocation_within_two_seconds(api: Api, clock: Clock) -> None:
    processes = [Keys(api.database, api.server.settings.key_cache_seconds, 10, at_opening) for _ in range(2)]
    for keys in processes:
        api.runner.run(keys.viewer(bearer(api)))
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    clock.seconds = 2
    for keys in processes:
        with pytest.raises(Unauthenticated, match="revoked"):
            api.runner.run(keys.viewer(bearer(api)))
        api.runner.run(keys.close())


def test_what_a_slow_lookup_found_is_not_remembered_longer_for_it(
    api: Api, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = api.database.query

    async def slow(*args: Any) -> Any:
        found = await query(*args)
        clock.seconds += 5
        return found

    monkeypatch.setattr(api.database, "query", slow)
    api.runner.run(keys.viewer(bearer(api)))
    api.shop.write(revoke_key, 1, prefix_of(api.keys["reader"]), datetime.now(UTC))
    with pytest.raises(Unauthenticated, match="revoked"):
        api.runner.run(keys.viewer(bearer(api)))


def test_a_flood_of_unknown_keys_is_a_few_looks_at_the_database(api: Api, keys: Keys, queries: list[Any]) -> None:
    answers = api.runner.run(strangers(keys, 1_000))
    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert 1 <= len(queries) <= 3


def test_one_key_that_is_used_by_many_at_once_is_looked_up_once(api: Api, keys: Keys, queries: list[Any]) -> None:
    async def many() -> list[Viewer]:
        return await asyncio.gather(*(keys.viewer(bearer(api)) for _ in range(100)))

    assert len(set(api.runner.run(many()))) == 1
    assert len(queries) == 1


def test_a_key_that_was_refused_is_not_looked_up_again_at_once(
    api: Api, keys: Keys, clock: Clock, queries: list[Any]
) -> None:
    for seconds, looks in ((0, 1), (1.9, 1), (2, 2)):
        clock.seconds = seconds
        api.runner.run(strangers(keys, 1))
        assert len(queries) == looks


def test_what_is_remembered_of_unknown_keys_is_bounded_and_costs_no_good_key_its_place(
    api: Api, keys: Keys, queries: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MAX_KNOWN", 10)
    api.runner.run(keys.viewer(bearer(api)))
    api.runner.run(strangers(keys, 100))
    assert len(keys._refused) == 10
    looks = len(queries)
    api.runner.run(keys.viewer(bearer(api)))
    api.runner.run(strangers(keys, 10, first=90))
    assert len(queries) == looks


def test_a_key_that_was_good_does_not_wait_behind_unknown_ones(
    api: Api, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = api.database.query
    api.runner.run(keys.viewer(bearer(api)))
    clock.seconds = 3

    async def during_a_flood() -> None:
        ended = asyncio.Event()

        async def query_of_strangers(operation: Any, names: Any) -> Any:
            if any(name.prefix == "abcdefghijkl" for name in names):
                await ended.wait()
            return await query(operation, names)

        monkeypatch.setattr(api.database, "query", query_of_strangers)
        flood = asyncio.create_task(strangers(keys, 10))
        await asyncio.sleep(0)
        assert (await keys.viewer(bearer(api))).key_name == "Reader"
        assert not flood.done()
        ended.set()
        await flood

    api.runner.run(during_a_flood())


def test_one_who_gives_up_takes_no_other_along(api: Api, keys: Keys) -> None:
    async def two() -> str:
        first, second = (asyncio.create_task(keys.viewer(bearer(api))) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).key_name

    assert api.runner.run(two()) == "Reader"


def test_while_the_database_does_not_answer_nobody_is_let_in_and_nothing_is_remembered(
    api: Api, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: Any) -> None:
        raise OSError("no such server")

    with monkeypatch.context() as patch:
        patch.setattr(api.database, "query", broken)
        answers = api.runner.run(strangers(keys, 2))
        assert {type(answer) for answer in answers} == {OSError}
        with pytest.raises(OSError, match="no such server"):
            api.runner.run(keys.viewer(bearer(api)))
    assert api.runner.run(keys.viewer(bearer(api))).key_name == "Reader"


def test_a_key_that_the_database_does_not_find_in_time_is_not_waited_for(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve(deadline_seconds=0.05)
    answers = asyncio.Event()

    async def query(*args: Any) -> dict[str, Any]:
        await answers.wait()
        return {}

    monkeypatch.setattr(api.server.keys._strangers, "_database", SimpleNamespace(query=query))
    headers = {"Authorization": bearer(api)}
    response = api.request("POST", json={"query": "{ viewer { role } }"}, headers=headers)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["TIMEOUT"]
    answers.set()
