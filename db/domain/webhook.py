"""Webhooks: the addresses that events may be sent to, and the commands that manage them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from db.domain.commands import UNSET, Unset
from db.domain.errors import InvalidInput, Refusal
from db.domain.events import EventType
from db.domain.text import problems

MAX_WEBHOOKS = 20  # of an application
MAX_URL = 2_000
MAX_PORT = 65_535
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; the last 32 bits are the address of IPv4

Network = IPv4Network | IPv6Network


class WebhookState(StrEnum):
    """Whether events are sent. PAUSED is set by a client or by the receiver, FAILING after three days of failures."""

    ACTIVE = "active"
    PAUSED = "paused"
    FAILING = "failing"


class WebhookKey(NamedTuple):
    """The key of a webhook."""

    application_id: int
    webhook_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook:
    """Create a webhook. ``after_id`` is the event after which it begins; None begins with the next event."""

    application_id: int
    url: str
    document: str
    types: Sequence[EventType] | None = None
    after_id: int | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWebhook:
    """Change a webhook. After any change, failed events are sent again at once."""

    application_id: int
    webhook_id: int
    url: str | Unset = UNSET
    document: str | Unset = UNSET
    types: Sequence[EventType] | Unset | None = UNSET
    state: WebhookState | Unset = UNSET
    after_id: int | Unset = UNSET
    idempotency_key: str | None = None


def url_problems(url: str, allowed: Sequence[Network]) -> Iterator[Refusal]:
    """Yield the refusal of an address. ``allowed`` are the networks that are permitted besides public addresses.

    The addresses of a host name are checked when a request is sent, since they can change until then.
    """
    if too_long := problems(url, ("url",), min_length=1, max_length=MAX_URL):
        yield from too_long
    elif problem := url_problem(url, allowed):
        yield InvalidInput(path=("url",), problem=problem)


def url_problem(url: str, allowed: Sequence[Network]) -> str | None:
    """Return why events cannot be sent to a URL, or None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "Expected a URL such as https://shop.example/events."
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url or not host:
        return "Expected a URL in ASCII such as https://shop.example/events."
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        return "Expected a URL with the scheme https."
    if "@" in parts.netloc:
        return "A URL cannot contain credentials: each request is signed with the webhook's secret."
    if "#" in url:
        return "A URL cannot contain a fragment, which is not sent."
    if port == 0:
        return f"Expected a port from 1 to {MAX_PORT}."
    if host == "localhost" or host.endswith(".localhost"):
        address: IPv4Address | IPv6Address | None = IPv4Address("127.0.0.1")
    else:
        address = parse_address(host)
    if address is not None and not is_permitted(address, allowed):
        return f"{host} is not a public address. The setting CARTOGRAPH_WEBHOOK_NETWORKS permits others."
    return None


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a host is; None for a host name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_permitted(address: IPv4Address | IPv6Address, allowed: Sequence[Network]) -> bool:
    """Return whether a request may be sent to an address: a public one, or one of an allowed network."""
    unwrapped = unwrap(address)
    if is_allowed(unwrapped, allowed):
        return True
    # ipaddress takes reserved and site-local addresses of IPv6 for global ones.
    is_special = unwrapped.is_multicast or unwrapped.is_reserved or getattr(unwrapped, "is_site_local", False)
    return unwrapped.is_global and not is_special


def is_allowed(address: IPv4Address | IPv6Address, allowed: Sequence[Network]) -> bool:
    """Return whether an address belongs to an allowed network."""
    unwrapped = unwrap(address)
    return any(unwrapped in network for network in allowed)


def unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the address of IPv4 that one of IPv6 leads to: a mapped one, or through 6to4 or NAT64; else the same."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 2**32 - 1)
    return address.ipv4_mapped or address.sixtofour or address
