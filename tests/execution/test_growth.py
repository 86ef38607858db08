"""The work for a document is at most proportional to its length, counted in lines of Python that run."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import pytest
from api_server import settings_for
from attacks import ATTACKS, Attack
from graphql import parse
from sqlalchemy.dialects import sqlite

from db.tables import KeyRole
from graphql_api.execution import parameters
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.execution.parameters import MalformedRequest
from graphql_api.schema import schema
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings
from graphql_api.sql.compilation import CompilationContext
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.cost import CostWalk
from graphql_api.sql.plan import Plan, build_plan
from graphql_api.sql.request import PlanKey, Request


def work(run: Callable[[], object]) -> int:
    """Return how many lines of Python run."""
    lines = 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        run()
    finally:
        sys.settrace(before)
    return lines


def parse_document(source: str, settings: Settings) -> None:
    """Parse and validate a document, valid or not."""
    with suppress(InvalidDocument):
        Documents(schema._schema, settings).parse(source)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("limits", ["default", "wide"])
def test_twice_the_length_is_at_most_twice_the_work(attack: Attack, limits: str) -> None:
    most = 10**9
    wide = ("aliases", "depth", "directives", "document_length", "fields", "operations", "root_fields", "tokens")
    settings = settings_for(
        "sqlite+aiosqlite:///unused.db", **({f"max_{each}": most for each in wide} if limits == "wide" else {})
    )
    small, great = (work(partial(parse_document, attack(size), settings)) for size in (200, 400))
    assert great <= 2.2 * small + 5_000


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_work_is_bounded_for_documents_of_any_length(attack: Attack) -> None:
    settings = settings_for("sqlite+aiosqlite:///unused.db")
    allowed = work(partial(parse_document, "{viewer{" + "keyName " * 1_990 + "}}", settings))
    assert work(partial(parse_document, attack(10_000), settings)) <= allowed


SELECTED: dict[str, Attack] = {
    "sessions": lambda size: "".join(f'a{each}:customerSession(integrationId:"1"){{total}}' for each in range(size)),
    "connections": lambda size: "".join(f"a{each}:customerSessions(first:1){{nodes{{id}}}}" for each in range(size)),
    "nodes": lambda size: "".join(f'a{each}:node(id:"session-1-{each}"){{id}}' for each in range(size)),
}


@pytest.mark.parametrize("selected", SELECTED.values(), ids=SELECTED)
def test_compiling_twice_the_tables_is_at_most_twice_the_work(selected: Attack) -> None:
    settings = settings_for("sqlite+aiosqlite:///unused.db")
    request = Request(Viewer(1, "x", "Till", KeyRole.READER), settings, {})

    def compiled(size: int) -> Plan:
        document = Document.of(schema._schema, parse("{" + selected(size) + "}"))
        (operation,) = document.operations
        walk = CostWalk(schema._schema, document.fragments, PlanKey(request), document.arguments)
        formula = walk.operation(operation)
        context = CompilationContext(PlanKey(request, formula.key), document.arguments)
        statement = Compiler(schema._schema, document.fragments, context).operation(operation)
        return build_plan(statement, context, formula, sqlite.dialect(paramstyle="named"))

    compiled(60)  # fill the caches
    small, great = (work(partial(compiled, size)) for size in (30, 60))
    assert great <= 2.2 * small


VALUES: dict[str, Callable[[int], bytes]] = {
    "values": lambda size: b'{"query":"{a}","variables":{"a":[' + b"1," * size + b"1]}}",
    "lists": lambda size: b'{"query":"{a}","variables":{"a":[' + b"[]," * size + b"1]}}",
    "objects": lambda size: b'{"query":"{a}","variables":{"a":[' + b'{"a":1},' * size + b"1]}}",
    "fields": lambda size: (
        b'{"query":"{a}","variables":{' + b",".join(b'"%d":1' % each for each in range(size)) + b"}}"
    ),
    "deep lists": lambda size: b'{"query":"{a}","variables":{"a":' + b"[" * size + b"]" * size + b"}}",
    "commas": lambda size: b'{"query":"{a}","variables":{"a":"' + b"," * size + b'"}}',
}


@pytest.mark.parametrize("attack", VALUES.values(), ids=VALUES)
def test_work_is_bounded_for_requests_of_any_size(attack: Callable[[int], bytes]) -> None:
    body = attack(150_000)

    def parsed() -> None:
        with suppress(MalformedRequest):
            parameters.parse_body(body)

    assert work(parsed) < 100


def test_number_of_values_in_a_request_is_limited() -> None:
    for name in ("values", "objects"):
        assert parameters.parse_body(VALUES[name](24_000))
        with pytest.raises(MalformedRequest, match="more than 50000"):
            parameters.parse_body(VALUES[name](50_001))
    assert parameters.parse_body(VALUES["commas"](150_000))
