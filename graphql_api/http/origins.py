"""Where pages may come from that open a socket: browsers let any page do so, and say which it was."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

PORTS = {"http": 80, "https": 443}


def allowed(scope: Scope, origins: Collection[str]) -> bool:
    """Whether a page of the request's origin may: that of this server may, and those that are named."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return True
    try:
        page = urlsplit(origin)
        server = urlsplit(f"{page.scheme}://{headers.get('host', '')}")
        port = PORTS.get(page.scheme)
        return bool(page.hostname) and (page.hostname, page.port or port) == (server.hostname, server.port or port)
    except ValueError:  # no port
        return False
