"""Traces: a span an operation, a span a statement, by the conventions, and nothing in them that a customer typed."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from served import Api
from sqlalchemy import Connection, column, insert, table

from db.statements import Statement
from graphql_api import app
from graphql_api.observe import observing
from graphql_api.observe.operation import Operation, current
from graphql_api.observe.traces import Traces, summary
from graphql_api.settings import PREFIX

LOOK = 'query Look { customerSession(integrationId: "s1") { state cartItems { sku } } }'
CREATE = "mutation Make($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

Spans = Callable[[], Sequence[ReadableSpan]]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where spans go."""
    return InMemorySpanExporter()


@pytest.fixture
def traced(
    serve: Callable[..., Api], exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sampler], Api]:
    """Serves the API with traces."""

    def served(sampler: Sampler = ALWAYS_ON) -> Api:
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        monkeypatch.setattr(app, "tracing", lambda: partial(Traces, provider))
        return serve()

    return served


@pytest.fixture
def api(traced: Callable[..., Api]) -> Api:
    """The API, with every operation traced."""
    return traced()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_an_operation_is_a_span_and_its_statement_one_within_it(api: Api, exporter: InMemorySpanExporter) -> None:
    api.data("{ viewer { role } }")
    exporter.clear()
    api.shop.create("s1")

    api.data(LOOK)

    statement, operation = exporter.get_finished_spans()
    assert (operation.name, operation.kind, operation.parent) == ("query", SpanKind.SERVER, None)
    facts = attributes(operation)
    assert facts["graphql.operation.type"] == "query"
    assert facts["graphql.operation.name"] == "Look"
    assert facts["http.response.status_code"] == 200
    assert facts["cartograph.cost"] > 0
    assert "error.type" not in facts
    assert operation.status.status_code is StatusCode.UNSET

    assert (statement.name, statement.kind) == ("SELECT cart_item customer_session", SpanKind.CLIENT)
    assert attributes(statement) == {
        "db.system.name": api.database.dialect.name,
        "db.query.summary": "SELECT cart_item customer_session",
    }
    assert statement.parent
    assert statement.parent.span_id == operation.context.span_id


def test_a_mutation_has_a_span_for_each_of_its_statements(api: Api, exporter: InMemorySpanExporter) -> None:
    api.data(CREATE, {"id": "s1"})
    *statements, operation = exporter.get_finished_spans()
    assert operation.name == "mutation"
    assert any("INSERT customer_session" in span.name for span in statements)
    assert {span.parent.span_id for span in statements if span.parent} == {operation.context.span_id}
    assert len(statements) >= 2


def test_no_span_has_anything_that_was_sent(api: Api, exporter: InMemorySpanExporter) -> None:
    secret = "a customer's own words"  # noqa: S105  # of no use to anyone
    api.data(CREATE, {"id": secret})
    api.query(f'query Look {{ customerSession(integrationId: "{secret}") {{ state }} }}')
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert secret not in told
    assert api.keys["writer"] not in told


def test_a_trace_goes_on_where_the_request_says(api: Api, exporter: InMemorySpanExporter) -> None:
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"})
    span = exporter.get_finished_spans()[-1]
    assert format_trace_id(span.context.trace_id) == TRACE
    assert span.parent
    assert format_span_id(span.parent.span_id) == PARENT
    assert span.context.trace_state.get("vendor") == "1"


@pytest.mark.parametrize("header", ["", "00", f"00-{TRACE}-{PARENT}", f"00-{'0' * 32}-{PARENT}-01", "caf\xe9"])
def test_a_header_that_names_no_trace_begins_a_new_one(api: Api, exporter: InMemorySpanExporter, header: str) -> None:
    api.request("POST", headers={"traceparent": header.encode("latin-1")})
    assert exporter.get_finished_spans()[-1].parent is None


def test_what_is_not_sampled_costs_no_span(traced: Callable[[Sampler], Api], exporter: InMemorySpanExporter) -> None:
    api = traced(ParentBased(ALWAYS_OFF))
    api.data("{ viewer { role } }")
    assert not exporter.get_finished_spans()
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert len(exporter.get_finished_spans()) == 1


@pytest.mark.parametrize(
    ("document", "outcome", "name"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "GraphQL Operation"),
        ("{ customerSessions(first: 101) { nodes { state } } }", "BAD_USER_INPUT", "query"),
    ],
)
def test_a_refusal_is_told_and_is_not_the_servers_fault(
    api: Api, exporter: InMemorySpanExporter, document: str, outcome: str, name: str
) -> None:
    api.query(document)
    span = exporter.get_finished_spans()[-1]
    assert (span.name, attributes(span)["error.type"]) == (name, outcome)
    assert span.status.status_code is StatusCode.UNSET


def test_a_failure_is_the_servers_fault_and_that_of_its_statement(
    api: Api, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("a customer's own words")

    monkeypatch.setattr(api.server.database._database, "read", broken)  # type: ignore[attr-defined]  # below the seam
    api.query(LOOK)
    *statements, operation = exporter.get_finished_spans()
    assert attributes(operation)["error.type"] == "INTERNAL"
    assert operation.status.status_code is StatusCode.ERROR
    assert {(attributes(span)["error.type"], span.status.status_code) for span in statements} == {
        ("OSError", StatusCode.ERROR)
    }
    assert "own words" not in "".join(span.to_json() for span in (*statements, operation))


def by_sqlalchemy(connection: Connection) -> None:
    """A statement that SQLAlchemy runs."""
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def by_itself(connection: Connection) -> None:
    """A statement that is run on the driver."""
    Statement(insert(table("nowhere", column("number")))).rows(connection, {"number": 1})


@pytest.mark.parametrize("broken", [by_sqlalchemy, by_itself])
def test_a_statement_that_fails_in_a_change_has_its_span_all_the_same(
    api: Api, exporter: InMemorySpanExporter, broken: Callable[[Connection], None]
) -> None:
    async def change() -> None:
        seen = api.server.observer.begin()
        current.set(seen)
        try:
            await api.database.write(broken)
        finally:
            api.server.observer.end(seen)

    with pytest.raises(Exception, match="nowhere"):
        api.runner.run(asyncio.wait_for(change(), 10))
    statement, _ = exporter.get_finished_spans()
    assert statement.name == "INSERT"
    assert statement.status.status_code is StatusCode.ERROR


def test_the_log_names_the_trace(api: Api) -> None:
    seen = api.server.observer.begin([(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())])
    assert seen.facts()["trace"] == TRACE
    assert "trace" not in Operation().facts()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", "SELECT"),
        ("WITH a AS (SELECT 1 FROM customer_session) SELECT 2 FROM a", "SELECT customer_session"),
        ("UPDATE customer_session SET state = 'FROM cart_item'", "UPDATE customer_session cart_item"),
        ("DELETE FROM cart_item WHERE sku IN (SELECT 'x' FROM cart_item)", "DELETE cart_item SELECT cart_item"),
        ("PRAGMA journal_mode", "PRAGMA"),
        ("SAVEPOINT one", "SAVEPOINT"),
    ],
)
def test_a_statement_is_told_by_what_it_does_and_the_tables_it_names(statement: str, expected: str) -> None:
    assert summary(statement) == expected


class Collector(HTTPServer):
    """What OTLP is sent to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans: list[Any] = []
        self.services: set[str] = set()


class Taking(BaseHTTPRequestHandler):
    """Takes spans."""

    server: Collector

    def do_POST(self) -> None:
        """Keep what is sent."""
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
        for each in sent.resource_spans:
            named = {each.key: each.value.string_value for each in each.resource.attributes}
            self.server.services.add(named["service.name"])
            for scope in each.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """It listens while the test runs."""
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def served(folder: Path, **variables: str) -> tuple[subprocess.Popen[str], str]:
    """A server with OTEL_ variables, and where it listens."""
    environment = {name: each for name, each in os.environ.items() if not name.startswith((PREFIX, "OTEL_"))}
    process = subprocess.Popen(  # this Python and this project
        [sys.executable, "-m", "graphql_api", "serve", "--port", "0"],
        cwd=folder,
        env={**environment, **variables, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"running on (http://[^ \"]+)", line):
            return process, found[1]
    pytest.fail("it did not start")


@pytest.mark.parametrize(
    ("variables", "spans", "services"),
    [
        ({"OTEL_TRACES_SAMPLER": "always_on"}, 5, {"cartograph"}),
        ({"OTEL_TRACES_SAMPLER": "always_on", "OTEL_SERVICE_NAME": "shop"}, 5, {"shop"}),
        ({"OTEL_SDK_DISABLED": "true"}, 0, set()),
        ({"OTEL_TRACES_EXPORTER": "none"}, 0, set()),
    ],
)
def test_opentelemetrys_own_variables_say_whether_and_where_to(
    collector: Collector, tmp_path: Path, variables: dict[str, str], spans: int, services: set[str]
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    process, url = served(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **variables)
    try:
        for _ in range(5):
            assert httpx.post(f"{url}/graphql").status_code == 401
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert (len(collector.spans), collector.services) == (spans, services)


def test_one_trace_in_twenty_is_kept_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    start = observing.tracing()
    assert start
    traces = start()
    operations = [Operation() for _ in range(1_000)]
    for each in operations:
        traces.begin(each, [])
    kept = sum(each.trace is not None for each in operations)
    traces.close()
    assert 5 < kept < 150


def test_a_server_without_the_extra_says_so_and_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "graphql_api.observe.traces", None)
    assert observing.tracing() is None
    assert "cartograph[otel]" in caplog.text
