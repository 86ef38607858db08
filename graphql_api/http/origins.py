"""Check the Origin header of WebSockets. Browsers let a page of any site open one, and send the page's origin."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_allowed(scope: Scope, origins: Collection[str]) -> bool:
    """Return whether a request has no Origin, the origin of this server, or one of those listed (``*`` is any)."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None or origin in origins or "*" in origins:
        return True
    try:
        page = urlsplit(origin)
        server = urlsplit(f"{page.scheme}://{headers.get('host', '')}")
        port = DEFAULT_PORTS.get(page.scheme)
        return bool(page.hostname) and (page.hostname, page.port or port) == (server.hostname, server.port or port)
    except ValueError:  # a port that is not a number
        return False
