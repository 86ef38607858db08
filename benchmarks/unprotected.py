"""Serve Cartograph without protection, to measure what protection costs. Never use it in production.

It has no authentication (every request has the viewer of the first), rate limits, limit of concurrent operations,
deadlines, detection of disconnected clients, cost in responses, or limits of a request's head. The limits of documents
are at their maximum; cached documents are not checked again, with or without protection.
"""

import os
from collections.abc import Awaitable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graphql_api.app import from_environment
from graphql_api.commands.serve import connection_options
from graphql_api.execution import run as execution
from graphql_api.http import endpoint, request
from graphql_api.http.uvicorn_protocol import ResponseTransport
from graphql_api.observability import log
from graphql_api.security.admission import AdmissionControl
from graphql_api.security.authentication import Authenticator
from graphql_api.security.viewer import Viewer
from graphql_api.settings import PREFIX, load_settings

DOCUMENT_LIMITS = (
    "aliases",
    "cost",
    "depth",
    "directives",
    "document_length",
    "fields",
    "operations",
    "root_fields",
    "tokens",
)

authenticate = Authenticator.authenticate
first_viewer: list[Viewer] = []


async def authenticate_first(authenticator: Authenticator, authorization: str | None) -> Viewer:
    """Return the viewer of the first request, whatever the header."""
    if not first_viewer:
        first_viewer.append(await authenticate(authenticator, authorization))
    return first_viewer[0]


def cached_first(authenticator: Authenticator, authorization: bytes) -> Viewer | None:
    """Return the viewer of the first request, or None before it."""
    return first_viewer[0] if first_viewer else None


def do_nothing(*arguments: Any) -> None:
    """Replace a check."""


def without_limit(work: Awaitable[Any], limit: Any) -> Awaitable[Any]:
    """Return the work without its deadline."""
    return work


class UnlimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with one system call for each response, as Cartograph has it, and without its limits."""

    def on_headers_complete(self) -> None:
        """Send the head of the response together with its body."""
        super().on_headers_complete()
        self.cycle.transport = ResponseTransport(self.transport)  # type: ignore[assignment]  # has what uvicorn uses


if __name__ == "__main__":
    os.environ.update({f"{PREFIX}MAX_{each.upper()}": str(10**9) for each in DOCUMENT_LIMITS})
    for target, name, replacement in (
        (Authenticator, "authenticate", authenticate_first),
        (Authenticator, "cached_viewer", cached_first),
        (AdmissionControl, "admit", do_nothing),
        (AdmissionControl, "release", do_nothing),
        (endpoint, "with_lazy_timeout", without_limit),
        (execution, "cost_extension", do_nothing),
        (request, "with_lazy_timeout", without_limit),
    ):
        setattr(target, name, replacement)
    settings = load_settings()
    options = {**connection_options(settings), "http": UnlimitedProtocol, "log_config": log.configuration(settings)}
    uvicorn.run(from_environment, factory=True, port=settings.port, access_log=False, **options)
