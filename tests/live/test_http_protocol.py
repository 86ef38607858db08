"""HTTP/1.1 on the wire: invalid, oversized and slow requests are refused and do not block other clients."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from random import Random
from typing import Any

import pytest
from api_server import Api
from sockets import PATIENCE, Running, running

from graphql_api.http import uvicorn_protocol
from graphql_api.http.uvicorn_protocol import ResponseTransport

EXCHANGES = 400
SLOW = 200  # clients that keep others waiting
GOOD = b'{"query":"{ viewer { role } }"}'
METHODS = (
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "",
    "P OST",
    "\x00",
)
TARGETS = (
    "/graphql",
    "/graphql",
    "/graphql",
    "/graphql?query=%7B__typename%7D",
    "/graphql?query=%ff",
    "/graphql?" + "a=b&" * 500,
    "*",
    "http://[::1",
    "//",
    "/\u00ff",
    "/%00",
    "/graphql#x",
    "graphql:1",
    "/" + "x" * 70_000,
)
NAMES = (
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Transfer-Encoding",
    "Authorization",
    "Connection",
    "Expect",
    "Host",
    "If-None-Match",
    "GraphQL-Require-Preflight",
    "X-Request-Id",
    "Origin",
    "",
    "a b",
    "\x00",
)
VALUES = (
    "application/json",
    "application/graphql-response+json",
    "text/html",
    "gzip, br;q=nan",
    "chunked",
    "identity",
    "100-continue",
    "close",
    "0",
    "-1",
    "5",
    "99999999999999999999",
    "1_0",
    "Bearer x",
    "Bearer " + "é" * 10,
    "*",
    "",
    ";;q=,",
    "\x00",
    "x" * 20_000,
)
BODIES = (
    b"",
    GOOD,
    b"null",
    b"[" * 1_000,
    b"\xff\xfe",
    b"{" * 100,
    b'{"query":"{ __typename }","variables":[]}',
    b"5\r\nhello\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFFF\r\nx",
    b"-1\r\n\r\n",
    b"1\r\n{\r\nzz\r\n",
)


@pytest.fixture
def api(serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API with short limits of time. Keys are cached for longer than a test takes."""
    monkeypatch.setattr(uvicorn_protocol, "HEAD_SECONDS", 0.5)
    return serve_file(deadline_seconds=0.5, key_cache_seconds=600, graphiql=False)


def run_on_server(api: Api, scenario: Callable[[Running], Awaitable[None]]) -> None:
    """Run a scenario against a server."""

    async def run() -> None:
        async with running(api) as server, asyncio.timeout(3 * PATIENCE):
            while (await api.post({"query": "{ __typename }"})).status_code != 200:
                pass  # the first lookup of the key may exceed the short deadline
            await scenario(server)

    api.runner.run(run())


async def exchange(server: Running, *sent: bytes, ends: bool = True) -> bytes:
    """Send pieces on a new connection; return all bytes until the server closes it. ``ends`` half-closes it before."""
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(PATIENCE):
            try:
                for each in sent:
                    writer.write(each)
                    await writer.drain()
                if ends:
                    writer.write_eof()
                return await reader.read()
            except ConnectionError:
                return b""
    finally:
        writer.close()


def request(server: Running, body: bytes = GOOD, **headers: str) -> bytes:
    """Return a valid request, after which the connection closes."""
    given = {
        "Host": server.address,
        "Authorization": f"Bearer {server.api.keys['writer']}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return b"POST /graphql HTTP/1.1\r\n" + lines.encode("latin-1") + b"\r\n" + body


def parsed(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and content of the first response."""
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, content[: int(headers.get("content-length", len(content)))]


async def assert_serves(server: Running) -> None:
    """Assert that a valid request is answered."""
    status, _, content = parsed(await exchange(server, request(server), ends=False))
    assert (status, json.loads(content)["data"]) == (200, {"viewer": {"role": "WRITER"}})


def random_request(random: Random, server: Running) -> list[bytes]:
    """Return a request that is probably invalid, in one piece or several."""
    if random.random() < 0.2:
        return [random.randbytes(random.randrange(2_000))]
    names = [random.choice(NAMES) for _ in range(random.choice((0, 1, 3, 6, 150)))]
    lines = [f"{name}: {random.choice(VALUES)}" for name in names]
    if random.random() < 0.7:
        lines += ["Content-Type: application/json", f"Authorization: Bearer {server.api.keys['writer']}"]
    body = random.choice(BODIES)
    if random.random() < 0.5:
        lines.append(f"Content-Length: {len(body)}")
    target, version = random.choice(TARGETS), random.choice(("1.1", "1.1", "1.0", "0.9", "2.0", "x"))
    message = f"{random.choice(METHODS)} {target} HTTP/{version}\r\n" + "".join(f"{line}\r\n" for line in lines)
    whole = message.encode("utf-8") + b"\r\n" + body
    if random.random() < 0.2:
        whole = whole.replace(b"\r\n", random.choice((b"\n", b"\r", b"\r\n ")))
    cut = random.randrange(len(whole) + 1)
    return random.choice(([whole], [whole[:cut], whole[cut:]], [whole[:cut]], [whole, whole]))


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_never_cause_an_internal_error_or_block_other_clients(api: Api, seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for cryptography

    async def scenario(server: Running) -> None:
        for _ in range(EXCHANGES // 4 // 10):
            sent = [random_request(random, server) for _ in range(10)]
            answers = await asyncio.gather(*(exchange(server, *each) for each in sent))
            for pieces, answer in zip(sent, answers, strict=True):
                if not answer:  # the request was incomplete
                    continue
                status, headers, content = parsed(answer)
                assert status < 500 or status == HTTPStatus.NOT_IMPLEMENTED, (pieces, answer)
                is_head = b"".join(pieces).startswith(b"HEAD")
                if b" /graphql " in b"".join(pieces)[:20] and not is_head and status != 304:
                    assert status == 200 or status >= 400
                    assert "json" in headers["content-type"], (pieces, answer)
                    assert json.loads(content).keys() & {"errors", "data"}
            await assert_serves(server)

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /graphql?query=" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /graphql?query=" + b"x" * 700_000, 414),
        (b"GET /graphql HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /graphql HTTP/1.1\r\nX: " + b"x" * 700_000, 431),
        (b"GET /graphql HTTP/1.1\r\n" + b"X: x\r\n" * 101 + b"\r\n", 431),
        (b"GET /graphql HTTP/1.1\r\n" + b"X: x\r\n" * 100_000, 431),
        (b"\xff\xfe\r\n\r\n", 400),
        (b"GET /graphql HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /graphql HTTP/1.1\r\nX: x", 408),
        (b"", 408),
        (b"\r\n", 408),
    ],
)
def test_a_head_is_limited_in_size_and_time(api: Api, head: bytes, expected: int) -> None:
    async def scenario(server: Running) -> None:
        answer = await exchange(server, head, ends=False)
        if answer or len(head) < 500_000:  # a reset may discard the response to a client that still sends
            status, headers, content = parsed(answer)
            assert (status, headers["connection"]) == (expected, "close")
            assert json.loads(content)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        await assert_serves(server)

    run_on_server(api, scenario)


def test_a_head_within_the_limit_is_accepted_in_any_pieces(api: Api) -> None:
    async def scenario(server: Running) -> None:
        for pieces in ([request(server, X="x" * 60_000)], [bytes([each]) for each in request(server)]):
            assert parsed(await exchange(server, *pieces, ends=False))[0] == 200

    run_on_server(api, scenario)


def test_the_limit_of_a_head_counts_all_its_pieces(api: Api) -> None:
    async def scenario(server: Running) -> None:
        host, port = server.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = request(server, X="x" * 70_000)
        for piece in (head[:60_000], head[60_000:]):
            writer.write(piece)
            await asyncio.sleep(0.05)  # so that the server reads each by itself
        assert parsed(await reader.read())[0] == 431
        writer.close()

    run_on_server(api, scenario)


def test_the_limit_of_a_head_applies_to_each_request_of_a_connection(api: Api) -> None:
    async def scenario(server: Running) -> None:
        several = [request(server, X="x" * 40_000, Connection="keep-alive")] * 3
        answer = await exchange(server, *several, request(server), ends=False)
        assert answer.count(b"HTTP/1.1 200 OK") == 4
        body = GOOD.ljust(500_000)
        answer = await exchange(server, request(server, body, Connection="keep-alive"), request(server), ends=False)
        assert answer.count(b"HTTP/1.1 200 OK") == 2

    run_on_server(api, scenario)


@pytest.mark.parametrize("chunked", [False, True])
def test_slow_bodies_do_not_block_other_clients(api: Api, *, chunked: bool) -> None:
    body = b"1\r\n{\r\n" if chunked else b"{"
    length: dict[str, Any] = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": "31"}

    async def scenario(server: Running) -> None:
        head = request(server, b"", **length)
        if chunked:
            head = head.replace(b"Content-Length: 0\r\n", b"")
        slow = [asyncio.create_task(exchange(server, head + body, ends=False)) for _ in range(SLOW)]
        await asyncio.sleep(0.1)
        for _ in range(20):
            await assert_serves(server)
        answers = [parsed(each) for each in await asyncio.gather(*slow) if each]  # a reset may discard the response
        assert len(answers) > SLOW / 2
        assert {(status, headers["connection"]) for status, headers, _ in answers} == {(408, "close")}
        assert {json.loads(content)["errors"][0]["extensions"]["code"] for _, _, content in answers} == {"TIMEOUT"}
        await assert_serves(server)

    run_on_server(api, scenario)


def test_an_endless_body_is_refused(api: Api) -> None:
    async def scenario(server: Running) -> None:
        head = request(server, b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
        answer = await exchange(server, head, *[b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 1_000)
        assert not answer or parsed(answer)[0] == 413  # a reset may discard the response
        await assert_serves(server)

    run_on_server(api, scenario)


def chunked_request(server: Running, *trailers: str, **headers: str) -> bytes:
    """Return a valid request with a body of one chunk, and with trailers."""
    head = request(server, b"", Transfer_Encoding="chunked", **headers).replace(b"Content-Length: 0\r\n", b"")
    fields = "".join(f"{each}\r\n" for each in trailers).encode()
    return head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(GOOD), GOOD, fields)


def test_trailers_are_ignored(api: Api) -> None:
    async def scenario(server: Running) -> None:
        key = f"Authorization: Bearer {server.api.keys['writer']}"
        status, headers, _ = parsed(
            await exchange(server, chunked_request(server, "X-Request-Id: mine", key), ends=False)
        )
        assert (status, headers["x-request-id"] == "mine") == (200, False)
        nobody = chunked_request(server, key).replace(f"{key}\r\n".encode(), b"", 1)
        assert parsed(await exchange(server, nobody, ends=False))[0] == 401

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("codings", "expected"),
    [
        ("chunked", 200),
        (" Chunked", 200),
        ("gzip, chunked", 501),
        ("identity, chunked", 501),
        ("chunked;q=1", 501),
        ("gzip", 501),
        ("gzip\r\nTransfer-Encoding: chunked", 501),
        ("chunked, chunked", 400),  # by the parser
    ],
)
def test_no_transfer_coding_but_chunked_is_accepted(api: Api, codings: str, expected: int) -> None:
    async def scenario(server: Running) -> None:
        sent = chunked_request(server).replace(b"Transfer-Encoding: chunked", f"Transfer-Encoding: {codings}".encode())
        assert parsed(await exchange(server, sent, ends=False))[0] == expected

    run_on_server(api, scenario)


@pytest.mark.parametrize("field", [b"X: " + b"x" * 2**20, b"X: x\r\n" * 2**18])
def test_trailers_are_limited_in_size(api: Api, field: bytes) -> None:
    async def scenario(server: Running) -> None:
        head = chunked_request(server, Connection="keep-alive").removesuffix(b"\r\n")
        answer = await exchange(server, head, field, ends=False)
        assert not answer or b"HTTP/1.1 431" in answer  # a reset may discard the response
        await assert_serves(server)

    run_on_server(api, scenario)


def test_pipelined_requests_do_not_count_as_one_head(api: Api) -> None:
    async def scenario(server: Running) -> None:
        one = request(server, Connection="keep-alive")
        many = one * (140_000 // len(one))
        answer = await exchange(server, many + one[:30], one[30:] + request(server), ends=False)
        assert answer.count(b"HTTP/1.1 200 OK") == many.count(b"POST") + 2

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("hosts", "version", "expected"),
    [(1, "1.1", 200), (0, "1.1", 400), (2, "1.1", 400), (0, "1.0", 200), (1, "1.0", 200), (2, "1.0", 400)],
)
def test_a_request_needs_one_host_header(api: Api, hosts: int, version: str, expected: int) -> None:
    async def scenario(server: Running) -> None:
        host = f"Host: {server.address}\r\n".encode()
        sent = request(server).replace(host, host * hosts).replace(b"HTTP/1.1", f"HTTP/{version}".encode())
        assert parsed(await exchange(server, sent, ends=False))[0] == expected

    run_on_server(api, scenario)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (b"no request\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 101 + b"\r\n", 431),
        (b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", 400),
        (b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", 400),
    ],
)
def test_a_refusal_follows_the_responses_to_earlier_requests(api: Api, behind: bytes, expected: int) -> None:
    async def scenario(server: Running) -> None:
        one = request(server, Connection="keep-alive")
        answer = await exchange(server, one * 2 + behind, ends=False)
        statuses = [int(each[:3]) for each in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [200, 200, expected]
        await assert_serves(server)

    run_on_server(api, scenario)


@pytest.mark.parametrize("headers", [{"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}, {"X": "x" * 10_000}])
def test_an_invalid_websocket_handshake_is_refused(api: Api, headers: dict[str, str]) -> None:
    async def scenario(server: Running) -> None:
        given = {"Host": server.address, "Connection": "upgrade", "Upgrade": "websocket", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        sent = f"GET /graphql HTTP/1.1\r\n{lines}\r\n".encode()
        assert parsed(await exchange(server, sent, ends=False))[0] == 400

    run_on_server(api, scenario)


@pytest.mark.parametrize("pieces", [1, 2, 1_000])
def test_an_upgrade_offer_is_declined_and_the_request_is_answered(api: Api, pieces: int) -> None:
    async def scenario(server: Running) -> None:
        offer: dict[str, Any] = {"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"}
        offering = request(server, Connection="Upgrade, HTTP2-Settings", **offer)
        for sent in (offering, chunked_request(server, Connection="Upgrade, HTTP2-Settings", **offer)):
            whole = sent + offering + request(server)
            size = -(-len(whole) // pieces)
            answer = await exchange(server, *(whole[at : at + size] for at in range(0, len(whole), size)), ends=False)
            assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b'"role":"WRITER"') == 3
        assert (
            parsed(
                await exchange(server, b"CONNECT /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ends=False)
            )[0]
            == 405
        )

    run_on_server(api, scenario)


@pytest.mark.parametrize("names", ["close, Upgrade", "Upgrade\r\nConnection: close", "close\r\nConnection: Upgrade"])
def test_connection_close_is_respected_beside_an_upgrade_offer(api: Api, names: str) -> None:
    async def scenario(server: Running) -> None:
        answer = await exchange(server, request(server, Connection=names, Upgrade="h2c"), ends=False)
        status, headers, _ = parsed(answer)
        assert (status, headers.get("connection")) == (200, "close")

    run_on_server(api, scenario)


class ClosedTransport(asyncio.Transport):
    """A closed transport that behaves as uvloop's."""

    def is_closing(self) -> bool:
        """Return True."""
        return True

    def write(self, data: object) -> None:
        """Raise RuntimeError."""
        raise RuntimeError("the handler is closed")

    def close(self) -> None:
        """Do nothing."""


def test_writes_after_a_disconnect_are_ignored() -> None:
    for pieces in ([b"head"], [b"head", b"body"], [b"head", b"body", b"more"]):
        answer = ResponseTransport(ClosedTransport())
        for each in pieces:
            answer.write(each)
        answer.close()
