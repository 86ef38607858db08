"""Send a signed request to the URL of a webhook, to permitted addresses alone."""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Self

import aiohttp
import standardwebhooks
from aiohttp.abc import AbstractResolver

from db.domain.webhook import Network, is_allowed, is_permitted
from graphql_api.webhooks.retries import MAX_RETRY_AFTER

TIMEOUT = 10  # seconds for an attempt, from the look-up of the name to the end of the answer
MAX_ANSWER = 64 * 2**10  # bytes that are read of an answer
KEEP_ALIVE = 4  # seconds: many servers close a connection that was unused for five
GONE = 410
USER_AGENT = f"cartograph/{version('cartograph-graphql')}"


class Outcome(StrEnum):
    """The outcome of an attempt, for the metrics."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    GONE = "gone"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREADABLE = "unreadable"  # the data of the event could not be read, so no request was sent


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to send an event. ``status`` is None without an answer; ``error`` is None if it was acknowledged."""

    outcome: Outcome
    status: int | None = None
    error: str | None = None
    retry_after: float = 0  # seconds
    body: bytes = b""


class AddressNotPermitted(OSError):
    """A name leads to an address that requests may not be sent to."""


class Sender:
    """Sends requests over connections that stay open. ``allowed`` are networks that are permitted besides public ones.

    Each address is checked when a socket for it is made: a name can lead to another address than it did before. Proxies
    in the environment are not used, and redirects are not followed. Plain http is sent to allowed networks alone.
    """

    def __init__(self, allowed: Sequence[Network], resolver: AbstractResolver | None = None) -> None:
        checks: Mapping[str, Callable[..., bool]] = {"https": is_permitted, "http": is_allowed}
        self._sessions = {
            scheme: aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    keepalive_timeout=KEEP_ALIVE,
                    resolver=resolver,
                    socket_factory=partial(open_socket, partial(check, allowed=allowed)),
                ),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
            for scheme, check in checks.items()
        }

    async def __aenter__(self) -> Self:
        """Return the sender."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send one request. The status of the answer decides; of its body at most MAX_ANSWER bytes are read."""
        session = self._sessions[url.partition(":")[0].lower()]
        try:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return answered(response, await read_answer(response))
        except TimeoutError:
            return Attempt(Outcome.TIMEOUT, error=f"No answer within {TIMEOUT} seconds.")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressNotPermitted):
                return Attempt(Outcome.FORBIDDEN_ADDRESS, error=str(error.os_error))
            return Attempt(Outcome.UNREACHABLE, error=f"Cannot connect: {reason(error.os_error)}.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Attempt(Outcome.UNREACHABLE, error=f"The request failed: {reason(error)}.")


def open_socket(is_permitted: Callable[[IPv4Address | IPv6Address], bool], address_info: Any) -> socket.socket:
    """Make a socket for an address that was looked up. Raises AddressNotPermitted."""
    family, kind, protocol, _, address = address_info
    if not is_permitted(ip_address(address[0])):
        raise AddressNotPermitted(f"The URL leads to {address[0]}, which is not a permitted address.")
    return socket.socket(family, kind, protocol)


async def read_answer(response: aiohttp.ClientResponse) -> bytes:
    """Return the beginning of the body. A connection whose answer goes on is closed."""
    body = b""
    with suppress(TimeoutError, aiohttp.ClientError):
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER:
                break
    if not response.content.at_eof():
        response.close()
    return body[:MAX_ANSWER]


def answered(response: aiohttp.ClientResponse, body: bytes) -> Attempt:
    """Return the attempt that had this answer."""
    status = response.status
    if 200 <= status < 300:
        return Attempt(Outcome.ACKNOWLEDGED, status, body=body)
    outcome = Outcome.GONE if status == GONE else Outcome.REFUSED
    return Attempt(outcome, status, f"The answer had the status {status}.", retry_after(response.headers), body)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds in the header Retry-After, a number or a date; 0 without a valid one."""
    value = headers.get("Retry-After", "").strip()
    seconds = 0.0
    if value.isascii() and value.isdigit():
        seconds = float(value[:10])
    elif value:
        with suppress(ValueError, OverflowError):
            until = parsedate_to_datetime(value)
            seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0), MAX_RETRY_AFTER)


def reason(error: BaseException) -> str:
    """Return a short text for a failed request."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def signed_headers(message_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with a signature by each secret."""
    text = body.decode()
    signatures = (standardwebhooks.Webhook(secret).sign(message_id, now, text) for secret in secrets)
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
