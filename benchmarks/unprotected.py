"""Cartograph with its protection taken off, for one question only: what the protection costs. Never serve this.

Off are the check of keys (the first viewer is everyone), budgets and the cap on requests under way, the deadline, the
look-out for clients that go, the cost in answers, and the limits of a request's head. Limits of documents are at their
widest; they are kept with a document, as its validation is, so that a document that comes again does not meet them.
"""

import os
from collections.abc import Awaitable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graphql_api.app import from_environment
from graphql_api.commands.serve import connection_options
from graphql_api.execution import run as execution
from graphql_api.http import execute, request
from graphql_api.http.uvicorn_protocol import ResponseTransport
from graphql_api.observability import log
from graphql_api.security.api_keys import Keys
from graphql_api.security.rate_limit import Gate
from graphql_api.settings import PREFIX, load_settings

WIDEST = ("aliases", "cost", "depth", "directives", "document_length", "fields", "operations", "root_fields", "tokens")

check = Keys.viewer
everyone: list[Any] = []


async def anyone(keys: Keys, authorization: str | None) -> Any:
    """Whoever asked first."""
    if not everyone:
        everyone.append(await check(keys, authorization))
    return everyone[0]


def remembered(keys: Keys, authorization: bytes) -> Any:
    """The same, once there is one."""
    return everyone[0] if everyone else None


def nothing(*arguments: Any) -> None:
    """In place of what protects."""


def unlimited(work: Awaitable[Any], limit: Any) -> Awaitable[Any]:
    """The work, however long it takes."""
    return work


class UnlimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 with one system call for each response, as Cartograph has it, and without its limits."""

    def on_headers_complete(self) -> None:
        """Let the head of the response wait for its body."""
        super().on_headers_complete()
        self.cycle.transport = ResponseTransport(self.transport)  # type: ignore[assignment]  # has what uvicorn uses


if __name__ == "__main__":
    os.environ.update({f"{PREFIX}MAX_{each.upper()}": str(10**9) for each in WIDEST})
    for where, name, instead in (
        (Keys, "viewer", anyone),
        (Keys, "recalled", remembered),
        (Gate, "enter", nothing),
        (Gate, "leave", nothing),
        (execute, "with_lazy_timeout", unlimited),
        (execution, "cost_of", nothing),
        (request, "with_lazy_timeout", unlimited),
    ):
        setattr(where, name, instead)
    settings = load_settings()
    options = {**connection_options(settings), "http": UnlimitedProtocol, "log_config": log.configuration(settings)}
    uvicorn.run(from_environment, factory=True, port=settings.port, access_log=False, **options)
