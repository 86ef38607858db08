"""One request does not block the others: deadlines, disconnects, response sizes, and work off the event loop."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, MutableMapping
from contextlib import closing
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from threading import Event
from typing import Any

import pytest
from api_server import Api
from graphql import OperationDefinitionNode
from shop import line
from sqlalchemy import Connection

from db.engine import postgresql, sqlite_connections, sqlite_readers
from db.engine.database import MAX_ANSWER
from db.engine.errors import AnswerTooLarge
from db.engine.sqlite_readers import MAX_INLINE_OBJECTS, READERS
from graphql_api.security.viewer import Viewer
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.plan import Plan
from graphql_api.sql.request import Request

pytestmark = pytest.mark.alone

COUNTS = "{ customerSessions(first: 0) { totalCount } }"
SEARCH = '{ customerSessions(first: 1, filter: {skus: ["none"]}) { nodes { id } } }'
LOOKUP = '{ customerSession(integrationId: "s1") { total cartItems { sku } } }'


def plan_of(api: Api, document: str) -> Plan:
    """Return the plan of a document."""
    server = api.server
    viewer = api.runner.run(server.authenticator.authenticate(f"Bearer {api.keys['reader']}"))
    assert isinstance(viewer, Viewer)
    parsed = server.documents.parse(document)
    request = Request(viewer, server.settings, {})
    return api.runner.run(parsed.plan_operation(parsed.operations[0], request, server.database.dialect))


@pytest.mark.parametrize("document", [COUNTS, SEARCH])
def test_scan_of_rows_has_unknown_size(api: Api, document: str) -> None:
    assert plan_of(api, document).cost.sweeps


def test_one_session_has_known_size(api: Api) -> None:
    assert not plan_of(api, LOOKUP).cost.sweeps


def test_cost_of_total_counts_is_limited(serve: Callable[..., Api]) -> None:
    api = serve(max_cost=100)
    counts = " ".join(f"a{number}: customerSessions {{ totalCount }}" for number in range(10))
    assert api.codes(f"{{ {counts} }}") == ["LIMIT_EXCEEDED"]


def test_response_above_the_size_limit_is_refused(serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connections, "MAX_ANSWER", 20_000)
    monkeypatch.setattr(postgresql, "MAX_ANSWER", 20_000)
    api = serve()
    api.shop.create("long", cart_items=[line(f"sku {number}", name="n" * 1_000) for number in range(30)])
    document = '{ customerSession(integrationId: "long") { cartItems { name } } }'
    assert api.codes(document) == ["LIMIT_EXCEEDED"]
    assert api.data("{ viewer { keyName } }")


@pytest.mark.parametrize("objects", [1, MAX_INLINE_OBJECTS + 1])
def test_answer_has_at_most_16_mebibytes(api: Api, objects: int) -> None:
    longest = "0" * (16 * 2**20 - 2)
    assert api.runner.run(api.database.read(zeros(api, len(longest)), {}, objects)) == longest
    with pytest.raises(AnswerTooLarge):
        api.runner.run(api.database.read(zeros(api, MAX_ANSWER + 2), {}, objects))


def test_refused_answer_takes_no_memory_of_the_server(api: Api) -> None:
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(AnswerTooLarge):
        api.runner.run(api.database.read(zeros(api, 200_000_000), {}, 1))
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1_024  # kibibytes


def zeros(api: Api, length: int) -> str:
    """Return the statement that answers a text of an even length."""
    if api.database.dialect.name == "postgresql":
        return f"SELECT repeat('0', {length})"
    return f"SELECT hex(zeroblob({length // 2}))"


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def test_read_past_its_deadline_is_interrupted_and_the_next_is_not(serve_file: Callable[..., Api]) -> None:
    api = serve_file()

    async def reads() -> str | None:
        for _ in range(2 * READERS):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await api.database.read(ENDLESS, {}, None)
        return await api.database.read("SELECT 'well'", {}, None)

    assert api.runner.run(reads()) == "well"


def test_read_cancelled_before_its_start_is_interrupted(serve_file: Callable[..., Api]) -> None:
    api = serve_file()

    async def reads() -> None:
        async with asyncio.timeout(30):
            for _ in range(50 * READERS):
                cancelled = asyncio.ensure_future(api.database.read(ENDLESS, {}, MAX_INLINE_OBJECTS + 1))
                await asyncio.sleep(0)  # it was submitted to a thread, which may not have started it
                cancelled.cancel()
                await asyncio.gather(cancelled, return_exceptions=True)
            assert await api.database.read("SELECT 'well'", {}, MAX_INLINE_OBJECTS + 1) == "well"

    api.runner.run(reads())


def test_read_cancelled_twice_does_not_interrupt_the_next(serve_file: Callable[..., Api]) -> None:
    api = serve_file()

    async def reads() -> None:
        for _ in range(10 * READERS):
            cancelled = asyncio.ensure_future(api.database.read(ENDLESS, {}, MAX_INLINE_OBJECTS + 1))
            await asyncio.sleep(0.001)
            cancelled.cancel()
            await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            assert await api.database.read(ROWS.format(most=20_000), {}, MAX_INLINE_OBJECTS + 1) == "20000"

    api.runner.run(reads())


ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {most}) SELECT '' || max(i) FROM n"


@pytest.mark.parametrize(
    ("most", "objects", "aside"),
    [
        (1_000, 1, 0),
        (1_000, None, 0),
        (100_000, 1, 1),
        (20_000, None, 1),
        (1_000, MAX_INLINE_OBJECTS + 1, 1),
    ],
)
def test_slow_read_moves_to_a_thread(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch, most: int, objects: int | None, aside: int
) -> None:
    api = serve_file()
    left = []
    whole = sqlite_readers.SqliteReaders._read_on_thread

    async def counted(self: sqlite_readers.SqliteReaders, *arguments: Any) -> Any:
        left.append(arguments)
        return await whole(self, *arguments)

    monkeypatch.setattr(sqlite_readers.SqliteReaders, "_read_on_thread", counted)
    for _ in range(2):  # the count starts anew for each run of a cached statement
        assert api.runner.run(api.database.read(ROWS.format(most=most), {}, objects)) == str(most)
    assert len(left) == 2 * aside


def test_slow_statement_is_not_soon_tried_inline_again(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, seconds, tried = serve_file(), [0.0], []
    execute = sqlite_readers.InlineConnection.execute

    def counted(self: sqlite_readers.InlineConnection, *arguments: Any) -> Any:
        tried.append(seconds[0])
        return execute(self, *arguments)

    monkeypatch.setattr(sqlite_readers, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(sqlite_readers.InlineConnection, "execute", counted)
    for seconds[0] in (1.0, 1.0 + sqlite_readers.SLOW_FOR / 2, 1.0 + 2 * sqlite_readers.SLOW_FOR):
        assert api.runner.run(api.database.read(ROWS.format(most=100_000), {}, None)) == "100000"
    assert tried == [1.0, 1.0 + 2 * sqlite_readers.SLOW_FOR]


def test_number_of_remembered_slow_statements_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_readers, "MAX_SLOW_STATEMENTS", 2)
    with closing(sqlite_readers.InlineConnection(tmp_path / "empty.db")) as reader:
        for most in range(10_000, 10_005):
            with pytest.raises(sqlite_readers.InlineReadInterrupted):
                reader.read(ROWS.format(most=most), {}, 1)
        assert len(reader._slow_until) <= 2


def test_polling_for_commits_is_not_interrupted_after_a_slow_read(tmp_path: Path) -> None:
    with closing(sqlite_readers.InlineConnection(tmp_path / "empty.db")) as connection:
        with pytest.raises(sqlite_readers.InlineReadInterrupted):
            connection.read(ROWS.format(most=100_000), {}, 1)
        for _ in range(sqlite_readers.INSTRUCTIONS_PER_CHECK):  # SQLite counts the instructions of all of them together
            connection.data_version()


def test_read_that_meets_a_lock_moves_to_a_thread(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = serve_file()

    def busy(*arguments: Any) -> Any:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
        raise error

    monkeypatch.setattr(sqlite_readers.InlineConnection, "execute", busy)
    assert api.runner.run(api.database.read("SELECT 'well'", {}, 1)) == "well"


def test_cancelled_write_that_is_still_queued_is_not_run(serve_file: Callable[..., Api]) -> None:
    api = serve_file()
    started: list[str] = []

    def record(connection: Connection, name: str) -> None:
        started.append(name)

    async def changes() -> None:
        names = ("first", "second", "third")
        writes = [asyncio.create_task(api.database.write(record, name)) for name in names]
        await asyncio.sleep(0)  # all wait for their transaction to begin
        writes[1].cancel()
        await asyncio.gather(writes[0], writes[2])

    api.runner.run(changes())
    assert started == ["first", "third"]


def post_scope(key: str) -> dict[str, Any]:
    """Return the ASGI scope of a POST of JSON with a key."""
    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {key}".encode())]
    return {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}


def test_body_past_its_deadline_is_answered_408(serve: Callable[..., Api]) -> None:
    api = serve(deadline_seconds=0.5)
    scope = post_scope(api.keys["reader"])
    messages: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError("the body was awaited too long")

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    api.runner.run(api.app(scope, receive, send))
    assert messages[0]["status"] == 408


def send_and_disconnect(api: Api, document: str, *, after: float = 0) -> list[MutableMapping[str, Any]]:
    """Send a request, disconnect after so many seconds, and return the messages sent to the client."""
    scope = post_scope(api.keys["writer"])
    coming = [{"type": "http.request", "body": json.dumps({"query": document}).encode()}]
    messages: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        if coming:
            return coming.pop()
        await asyncio.sleep(after)
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    async def bounded() -> None:
        async with asyncio.timeout(5):
            await api.app(scope, receive, send)

    api.runner.run(bounded())
    return messages


def test_query_is_cancelled_when_its_client_disconnects(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    async def endless(*arguments: Any) -> Any:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    monkeypatch.setattr(api.database, "read", endless)
    assert send_and_disconnect(api, LOOKUP, after=0.01) == []
    assert ended == ["cancelled"]


def test_disconnect_during_the_response_is_no_error(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.http.timeouts.WATCH_AFTER", 0)

    async def slow(*arguments: Any) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "{}"

    monkeypatch.setattr(api.database, "read", slow)
    for after in (0, 0.001):
        messages = send_and_disconnect(api, LOOKUP, after=after)
        assert [each.get("status") for each in messages] in ([], [200, None])


def test_started_write_is_finished_after_a_disconnect(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    write, gone = api.database.write, Event()

    async def slow(operation: Any, *arguments: Any) -> Any:
        def waiting(connection: Connection, *given: Any) -> Any:
            gone.wait(2)
            return operation(connection, *given)

        return await write(waiting, *arguments)

    api.runner.run(api.post({"query": "{ __typename }"}))  # the key's last use has been written
    monkeypatch.setattr(api.database, "write", slow)
    document = 'mutation { createSession(input: {integrationId: "kept"}) { replayed } }'
    assert send_and_disconnect(api, document) == []
    gone.set()
    monkeypatch.undo()
    found = None
    for _ in range(100):
        if found := api.data('{ customerSession(integrationId: "kept") { version } }')["customerSession"]:
            break
        api.runner.run(asyncio.sleep(0.05))
    assert found == {"version": 1}


def test_omitted_variable_omits_its_input_field(api: Api) -> None:
    document = (
        'mutation($x: String) { createSession(input: {integrationId: "new", attributes: {color: $x}, '
        'idempotencyKey: "k"}) { errors { code } } }'
    )
    assert api.data(document, {}) == {"createSession": {"errors": []}}


def test_requests_are_answered_while_a_statement_is_compiled(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, go_on = serve_file(), Event()
    quick, large = "{ viewer { role } }", "{ customerSessions { nodes { id } } }"
    api.data(quick)
    compiled = Compiler.operation

    def slow(self: Compiler, operation: OperationDefinitionNode) -> Any:
        assert go_on.wait(30)
        return compiled(self, operation)

    monkeypatch.setattr(Compiler, "operation", slow)

    async def both() -> list[bool]:
        waiting = asyncio.create_task(api.post({"query": large}))
        answers = [await api.post({"query": quick}) for _ in range(3)]
        assert not waiting.done()
        go_on.set()
        return ["errors" in answer.json() for answer in (*answers, await waiting)]

    assert api.runner.run(both()) == [False] * 4


def test_concurrent_requests_compile_a_statement_once(
    serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, made = serve_file(), []
    compiled = Compiler.operation

    def counted(self: Compiler, operation: OperationDefinitionNode) -> Any:
        made.append(operation)
        return compiled(self, operation)

    monkeypatch.setattr(Compiler, "operation", counted)

    async def many() -> set[int]:
        return {each.status_code for each in await asyncio.gather(*(api.post({"query": LOOKUP}) for _ in range(10)))}

    assert api.runner.run(many()) == {200}
    assert len(made) == 1
