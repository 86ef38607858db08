"""Traces: an operation is a span, each statement a span within it, and no span holds what a customer typed."""

import asyncio
import gc
from collections.abc import Callable
from functools import partial

import pytest
from api_server import Api
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from sqlalchemy import Connection, column, insert, table

from db.engine.statements import Statement
from graphql_api import app
from graphql_api.execution.document import Document
from graphql_api.observability.operation_record import OperationRecord, current_operation
from graphql_api.observability.traces import OperationSpan, Traces, summarise

LOOK = 'query Look { customerSession(integrationId: "s1") { state cartItems { sku } } }'
CREATE = "mutation Make($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Holds the spans that ended."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    """A provider that exports every span when it ends."""
    made = TracerProvider(ALWAYS_ON, shutdown_on_exit=False)
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


@pytest.fixture
def serve_traced(
    serve: Callable[..., Api], provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sampler], Api]:
    """Serve the API with traces."""

    def serve_sampled(sampler: Sampler) -> Api:
        monkeypatch.setattr(app, "traces_factory", lambda: partial(Traces, provider, sampler))
        return serve()

    return serve_sampled


@pytest.fixture
def api(serve_traced: Callable[[Sampler], Api]) -> Api:
    """The API, with every operation sampled."""
    return serve_traced(ALWAYS_ON)


def parent_id(span: ReadableSpan) -> str | None:
    return format_span_id(span.parent.span_id) if span.parent else None


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_an_operation_is_a_server_span_and_its_statement_a_client_span_within_it(
    api: Api, exporter: InMemorySpanExporter
) -> None:
    api.data("{ viewer { role } }")
    api.shop.create("s1")
    exporter.clear()

    api.data(LOOK)

    statement, operation = exporter.get_finished_spans()
    assert (operation.name, operation.kind, operation.parent) == ("query", SpanKind.SERVER, None)
    facts = attributes(operation)
    assert facts["graphql.operation.type"] == "query"
    assert facts["graphql.operation.name"] == "Look"
    assert facts["http.response.status_code"] == 200
    assert facts["cartograph.cost"] == 2
    assert facts["cartograph.request_id"]
    assert "error.type" not in facts
    assert operation.status.status_code == StatusCode.UNSET

    assert (statement.name, statement.kind) == ("SELECT cart_item customer_session", SpanKind.CLIENT)
    assert attributes(statement) == {
        "db.system.name": api.database.dialect.name,
        "db.query.summary": "SELECT cart_item customer_session",
    }
    assert statement.context.trace_id == operation.context.trace_id
    assert parent_id(statement) == format_span_id(operation.context.span_id)
    times = (operation.start_time, statement.start_time, statement.end_time, operation.end_time)
    assert list(times) == sorted(filter(None, times))


def test_a_mutation_has_a_span_for_each_of_its_statements(api: Api, exporter: InMemorySpanExporter) -> None:
    api.data(CREATE, {"id": "s1"})
    *statements, operation = exporter.get_finished_spans()
    assert operation.name == "mutation"
    assert any("INSERT customer_session" in span.name for span in statements)
    assert {parent_id(span) for span in statements} == {format_span_id(operation.context.span_id)}
    assert len(statements) >= 2


def test_a_span_that_waits_to_be_exported_holds_no_document(
    api: Api, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphql_api.execution.documents.MAX_DOCUMENTS", 0)
    api.data(LOOK)
    assert exporter.get_finished_spans()
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Document and each.text == LOOK]


def test_no_span_holds_a_variable_a_literal_or_a_key(api: Api, exporter: InMemorySpanExporter) -> None:
    secret = "a customer's own words"  # noqa: S105  # not a credential
    api.data(CREATE, {"id": secret})
    api.query(f'query Look {{ customerSession(integrationId: "{secret}") {{ state }} }}')
    exported = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert secret not in exported
    assert api.keys["writer"] not in exported


def test_traceparent_and_tracestate_of_a_request_are_continued(api: Api, exporter: InMemorySpanExporter) -> None:
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"})
    span = exporter.get_finished_spans()[-1]
    assert format_trace_id(span.context.trace_id) == TRACE
    assert parent_id(span) == PARENT
    assert span.context.trace_state.to_header() == "vendor=1"
    assert span.parent
    assert span.parent.is_remote


@pytest.mark.parametrize("header", ["", "00", f"00-{TRACE}-{PARENT}", f"00-{'0' * 32}-{PARENT}-01", "caf\xe9"])
def test_an_invalid_traceparent_starts_a_new_trace(api: Api, exporter: InMemorySpanExporter, header: str) -> None:
    api.request("POST", headers={"traceparent": header.encode("latin-1")})
    assert exporter.get_finished_spans()[-1].parent is None


def test_an_operation_is_sampled_where_its_parent_is(
    serve_traced: Callable[[Sampler], Api], exporter: InMemorySpanExporter
) -> None:
    api = serve_traced(ParentBased(ALWAYS_OFF))
    api.data("{ viewer { role } }")
    assert not exporter.get_finished_spans()
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert len(exporter.get_finished_spans()) == 1


def test_an_operation_is_not_sampled_where_its_parent_is_not(
    serve_traced: Callable[[Sampler], Api], exporter: InMemorySpanExporter
) -> None:
    api = serve_traced(ParentBased(ALWAYS_ON))
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert not exporter.get_finished_spans()


@pytest.mark.parametrize(
    ("document", "outcome", "name"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "GraphQL Operation"),
        ("{ customerSessions(first: 101) { nodes { state } } }", "BAD_USER_INPUT", "query"),
    ],
)
def test_a_refusal_has_its_code_and_no_error_status(
    api: Api, exporter: InMemorySpanExporter, document: str, outcome: str, name: str
) -> None:
    api.query(document)
    span = exporter.get_finished_spans()[-1]
    assert (span.name, attributes(span)["error.type"]) == (name, outcome)
    assert span.status.status_code == StatusCode.UNSET


def test_an_internal_error_sets_the_status_of_the_operation_and_of_its_statement(
    api: Api, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("a customer's own words")

    monkeypatch.setattr(api.server.database._database, "read", broken)  # type: ignore[attr-defined]  # the wrapped one
    api.query(LOOK)
    *statements, operation = exporter.get_finished_spans()
    assert attributes(operation)["error.type"] == "INTERNAL"
    assert operation.status.status_code == StatusCode.ERROR
    assert {(attributes(span)["error.type"], span.status.status_code) for span in statements} == {
        ("OSError", StatusCode.ERROR)
    }
    assert "own words" not in "".join(span.to_json() for span in (*statements, operation))


def fail_in_sqlalchemy(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def fail_in_the_driver(connection: Connection) -> None:
    Statement(insert(table("nowhere", column("number")))).rows(connection, {"number": 1})


@pytest.mark.parametrize("broken", [fail_in_sqlalchemy, fail_in_the_driver])
def test_a_statement_that_fails_in_a_write_has_a_span(
    api: Api, exporter: InMemorySpanExporter, broken: Callable[[Connection], None]
) -> None:
    async def write() -> None:
        record = api.server.instrumentation.start()
        current_operation.set(record)
        try:
            await api.database.write(broken)
        finally:
            api.server.instrumentation.finish(record)

    with pytest.raises(Exception, match="nowhere"):
        api.runner.run(asyncio.wait_for(write(), 10))
    statement, _ = exporter.get_finished_spans()
    assert statement.name == "INSERT"
    assert statement.status.status_code == StatusCode.ERROR


def test_a_statement_is_exported_before_its_operation_ends(
    provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    record = OperationRecord()
    Traces(provider, ALWAYS_ON).start(record, [])
    assert isinstance(record.span, OperationSpan)
    record.span.start_statement("SELECT 1", "sqlite")(None)
    assert [span.name for span in exporter.get_finished_spans()] == ["SELECT"]


def test_the_log_names_the_trace(api: Api) -> None:
    record = api.server.instrumentation.start([(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())])
    assert record.fields()["trace"] == TRACE
    assert "trace" not in OperationRecord().fields()


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
def test_a_statement_is_summarised_by_its_verbs_and_tables(statement: str, expected: str) -> None:
    assert summarise(statement) == expected
