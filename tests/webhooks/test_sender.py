"""The sender: which addresses it connects to, and how it treats answers."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from receiver import OK, Received, Receiver, status

from db.domain.webhook import is_permitted
from graphql_api.webhooks import sender as module
from graphql_api.webhooks.deliverer import LEASE_SECONDS, POLL_SECONDS
from graphql_api.webhooks.retries import GIVE_UP_AFTER, MAX_PAUSE, MAX_RETRY_AFTER, next_attempt
from graphql_api.webhooks.sender import Attempt, Outcome, Sender, signed_headers

LOOPBACK = (ip_network("127.0.0.0/8"),)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # an example of the specification


class Names(AbstractResolver):
    """Resolves every name to the next of some addresses."""

    def __init__(self, *addresses: Sequence[str]) -> None:
        self._addresses = iter(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses for this look-up."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in next(self._addresses)
        ]

    async def close(self) -> None:
        """Do nothing."""


def run(scenario: Callable[[Receiver], Coroutine[Any, Any, Any]]) -> Any:
    """Run a scenario with a receiver."""

    async def with_receiver() -> Any:
        async with Receiver() as receiver:
            return await scenario(receiver)

    return asyncio.run(with_receiver())


async def send(sender: Sender, url: str) -> Attempt:
    body = b'{"type":"session.created"}'
    return await sender.send(url, signed_headers("event-1-1-1", body, [SECRET], datetime.now(UTC)), body)


def test_name_that_resolves_to_a_public_address_and_then_to_loopback_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []

    async def scenario(receiver: Receiver) -> None:
        names = Names(["93.184.216.34"], ["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"])
        with monkeypatch.context() as patched:
            permitted = module.open_socket

            def checked(check: Any, info: Any) -> socket.socket:
                permitted(check, info).close()
                opened.append(info[4][0])
                raise OSError(101, "Network is unreachable")

            patched.setattr(module, "open_socket", checked)
            async with Sender((), names) as sender:
                for session in sender._sessions.values():
                    assert session.connector is not None
                    session.connector._use_dns_cache = False  # type: ignore[attr-defined]  # of a TCPConnector
                url = f"https://shop.example:{receiver.port}/"
                attempts = [await send(sender, url) for _ in range(4)]
        assert attempts[0].outcome is Outcome.UNREACHABLE
        assert attempts[1] == Attempt(
            Outcome.FORBIDDEN_ADDRESS, error="The URL leads to 127.0.0.1, which is not a permitted address."
        )
        assert attempts[3].outcome is Outcome.FORBIDDEN_ADDRESS
        assert opened == ["93.184.216.34", "93.184.216.34"]
        assert receiver.connections == 0

    run(scenario)


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("64:ff9b::93.184.216.34", True),
        ("64:ff9b::127.0.0.1", False),
        ("64:ff9b::169.254.169.254", False),
        ("2002:5db8:d822::1", True),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
        ("::127.0.0.1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("240.0.0.1", False),
    ],
)
def test_address_of_ipv4_within_one_of_ipv6_decides(address: str, permitted: bool) -> None:
    assert is_permitted(ip_address(address), ()) is permitted


def test_allowed_network_permits_its_addresses_within_ipv6() -> None:
    assert is_permitted(ip_address("64:ff9b::127.0.0.1"), LOOPBACK)
    assert not is_permitted(ip_address("64:ff9b::10.0.0.1"), LOOPBACK)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::]", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_loopback_is_not_connected_to_however_it_is_written(host: str) -> None:
    async def scenario(receiver: Receiver) -> None:
        async with Sender(()) as sender:
            attempt = await send(sender, f"https://{host}:{receiver.port}/")
        assert attempt.outcome in (Outcome.FORBIDDEN_ADDRESS, Outcome.UNREACHABLE)
        assert receiver.connections == 0

    run(scenario)


def test_plain_http_is_sent_to_permitted_networks_only() -> None:
    async def scenario(receiver: Receiver) -> None:
        async with Sender(LOOPBACK, Names(["93.184.216.34"])) as sender:
            assert (await send(sender, "http://shop.example/")).outcome is Outcome.FORBIDDEN_ADDRESS
            assert (await send(sender, receiver.url)).outcome is Outcome.ACKNOWLEDGED
        receiver.requests[0].verify(SECRET)

    run(scenario)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def scenario(receiver: Receiver) -> None:
        async with Sender(LOOPBACK) as sender:
            assert (await send(sender, receiver.url)).outcome is Outcome.ACKNOWLEDGED

    run(scenario)


def test_connection_is_used_again() -> None:
    async def scenario(receiver: Receiver) -> None:
        async with Sender(LOOPBACK) as sender:
            for _ in range(5):
                await send(sender, receiver.url)
        assert receiver.connections == 1

    run(scenario)


def test_late_answer_is_a_timeout_and_a_slow_body_is_not_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.3)

    async def scenario(receiver: Receiver) -> None:
        async def late(request: Received) -> bytes:
            await asyncio.sleep(1)
            return OK

        async def unfinished(request: Received) -> bytes:
            return b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"

        async with Sender(LOOPBACK) as sender:
            receiver.answer = late
            assert (await send(sender, receiver.url)).outcome is Outcome.TIMEOUT
            receiver.answer = unfinished
            assert await send(sender, receiver.url) == Attempt(Outcome.ACKNOWLEDGED, 200, body=b"begun")

    run(scenario)


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (status(200), Outcome.ACKNOWLEDGED, 200),
        (status(299), Outcome.ACKNOWLEDGED, 299),
        (status(301, Location="/"), Outcome.REFUSED, 301),
        (status(410), Outcome.GONE, 410),
        (status(500), Outcome.REFUSED, 500),
        (b"nonsense\r\n\r\n", Outcome.UNREACHABLE, None),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", Outcome.UNREACHABLE, None),
        (None, Outcome.UNREACHABLE, None),
    ],
)
def test_outcome_follows_from_the_status(answer: bytes | None, outcome: Outcome, code: int | None) -> None:
    async def scenario(receiver: Receiver) -> None:
        async def same(request: Received) -> bytes | None:
            return answer

        receiver.answer = same
        async with Sender(LOOPBACK) as sender:
            attempt = await send(sender, receiver.url)
        assert (attempt.outcome, attempt.status) == (outcome, code)
        assert (attempt.error is None) == (outcome is Outcome.ACKNOWLEDGED)

    run(scenario)


@pytest.mark.parametrize("value", ["-1", "x", "", "1e3", "9" * 5_000, "Mon, 99 Jan 2026 00:00:00 GMT"])
def test_bad_retry_after_does_no_harm(value: str) -> None:
    assert 0 <= module.retry_after({"Retry-After": value}) <= MAX_RETRY_AFTER


def test_pauses_grow_until_three_days_have_passed() -> None:
    pauses, at, failures = [], 0.0, 0
    while (due := next_attempt(failures := failures + 1, 0, at, 0)) is not None:
        pauses.append(due - at)
        at = due
    assert at == GIVE_UP_AFTER
    assert all(later > earlier for earlier, later in pairwise(pauses[:9]))
    assert max(pauses) <= MAX_PAUSE * 1.2
    assert 15 <= len(pauses) <= 30
    assert next_attempt(1, 0, 0, 500) == 500


def test_killed_process_is_followed_by_another_within_30_seconds() -> None:
    assert LEASE_SECONDS + 1.2 * POLL_SECONDS < 30
