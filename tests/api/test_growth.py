"""What an attacker's document costs grows with its length and no faster: work is counted, not timed."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import pytest
from attacks import ATTACKS, Attack
from graphql import parse
from served import settings_for
from sqlalchemy.dialects import sqlite

from db.tables import KeyRole
from graphql_api.execution import parameters
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.execution.parameters import NotWellFormed
from graphql_api.schema import schema
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings
from graphql_api.sql.compiler import Compiler
from graphql_api.sql.plan import Plan, written
from graphql_api.sql.request import Request
from graphql_api.sql.scope import Trace


def work(run: Callable[[], object]) -> int:
    """How many lines of Python run."""
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


def refused(source: str, settings: Settings) -> None:
    """Run a document past all that can refuse it."""
    with suppress(InvalidDocument):
        Documents(schema._schema, settings).parse(source)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("limits", ["as they are", "wide"])
def test_an_attack_of_twice_the_length_is_at_most_twice_the_work(attack: Attack, limits: str) -> None:
    most = 10**9
    wide = ("aliases", "depth", "directives", "document_length", "fields", "operations", "root_fields", "tokens")
    settings = settings_for(
        "sqlite+aiosqlite:///unused.db", **({f"max_{each}": most for each in wide} if limits == "wide" else {})
    )
    small, great = (work(partial(refused, attack(size), settings)) for size in (200, 400))
    assert great <= 2.2 * small + 5_000


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_attack_of_any_length_is_more_work_than_a_document_may_be(attack: Attack) -> None:
    settings = settings_for("sqlite+aiosqlite:///unused.db")
    allowed = work(partial(refused, "{viewer{" + "keyName " * 1_990 + "}}", settings))
    assert work(partial(refused, attack(10_000), settings)) <= allowed


SELECTED: dict[str, Attack] = {
    "sessions": lambda size: "".join(f'a{each}:customerSession(integrationId:"1"){{total}}' for each in range(size)),
    "connections": lambda size: "".join(f"a{each}:customerSessions(first:1){{nodes{{id}}}}" for each in range(size)),
    "nodes": lambda size: "".join(f'a{each}:node(id:"session-1-{each}"){{id}}' for each in range(size)),
}


@pytest.mark.parametrize("selected", SELECTED.values(), ids=SELECTED)
def test_a_statement_of_twice_the_tables_is_at_most_twice_the_work(selected: Attack) -> None:
    settings = settings_for("sqlite+aiosqlite:///unused.db")
    request = Request(Viewer(1, "x", "Till", KeyRole.READER), settings, {})

    def compiled(size: int) -> Plan:
        document = Document.of(schema._schema, parse("{" + selected(size) + "}"))
        trace = Trace(request)
        statement = Compiler(schema._schema, document.fragments, trace).whole(document.operations[0])
        assert statement is not None
        return written(statement, trace, sqlite.dialect(paramstyle="named"))

    compiled(60)  # what is made once
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
def test_a_request_of_any_size_is_as_much_work_as_one_that_is_allowed(attack: Callable[[int], bytes]) -> None:
    body = attack(150_000)

    def parsed() -> None:
        with suppress(NotWellFormed):
            parameters.from_body(body)

    assert work(parsed) < 100


def test_a_request_may_have_as_many_values_as_the_greatest_cart_needs_and_no_more() -> None:
    for name in ("values", "objects"):
        assert parameters.from_body(VALUES[name](24_000))
        with pytest.raises(NotWellFormed, match="more than 50000"):
            parameters.from_body(VALUES[name](50_001))
    assert parameters.from_body(VALUES["commas"](150_000))
