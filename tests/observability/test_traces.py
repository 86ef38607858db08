"""Traces: a span an operation, a span a statement, by the conventions, and nothing in them that a customer typed."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceState
from opentelemetry.trace import Status as StatusOfSdk
from opentelemetry.trace import StatusCode as CodeOfSdk
from served import Api
from sqlalchemy import Connection, column, insert, table

from db.engine.statements import Statement
from graphql_api import app
from graphql_api.execution import document_cache as kept
from graphql_api.execution.document import Document
from graphql_api.observability.operation import Operation, current
from graphql_api.observability.otlp import Encoding
from graphql_api.observability.spans import OperationSpan, Told, summary
from graphql_api.observability.traces import Traces

LOOK = 'query Look { customerSession(integrationId: "s1") { state cartItems { sku } } }'
CREATE = "mutation Make($id: String!) { createSession(input: {integrationId: $id}) { session { state } } }"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

ENCODING = Encoding(Resource({"service.name": "tested"}), InstrumentationScope("tests"), RandomIdGenerator())


class Sent:
    """Where operations go: what a collector would get."""

    def __init__(self) -> None:
        self._operations: list[Told] = []

    def on_end(self, span: Told) -> None:
        """Take an operation."""
        self._operations.append(span)

    def shutdown(self) -> None:
        """Nothing is left to be sent."""

    def clear(self) -> None:
        """Forget what was taken."""
        self._operations.clear()

    def spans(self) -> Sequence[Span]:
        """The spans of what was taken."""
        request = ExportTraceServiceRequest.FromString(ENCODING(self._operations))
        return list(request.resource_spans[0].scope_spans[0].spans)


@pytest.fixture
def sent() -> Sent:
    """Where operations go."""
    return Sent()


@pytest.fixture
def traced(serve: Callable[..., Api], sent: Sent, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sampler], Api]:
    """Serves the API with traces."""

    def served(sampler: Sampler = ALWAYS_ON) -> Api:
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        monkeypatch.setattr(app, "tracing", lambda: partial(Traces, provider, sent))
        return serve()

    return served


@pytest.fixture
def api(traced: Callable[..., Api]) -> Api:
    """The API, with every operation traced."""
    return traced()


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


def test_an_operation_is_a_span_and_its_statement_one_within_it(api: Api, sent: Sent) -> None:
    api.data("{ viewer { role } }")
    sent.clear()
    api.shop.create("s1")

    api.data(LOOK)

    statement, operation = sent.spans()
    assert (operation.name, operation.kind, operation.parent_span_id) == ("query", Span.SPAN_KIND_SERVER, b"")
    facts = attributes(operation)
    assert facts["graphql.operation.type"] == "query"
    assert facts["graphql.operation.name"] == "Look"
    assert facts["http.response.status_code"] == 200
    assert facts["cartograph.cost"] > 0
    assert "error.type" not in facts
    assert operation.status.code == Status.STATUS_CODE_UNSET

    assert (statement.name, statement.kind) == ("SELECT cart_item customer_session", Span.SPAN_KIND_CLIENT)
    assert attributes(statement) == {
        "db.system.name": api.database.dialect.name,
        "db.query.summary": "SELECT cart_item customer_session",
    }
    assert (statement.trace_id, statement.parent_span_id) == (operation.trace_id, operation.span_id)
    assert operation.start_time_unix_nano <= statement.start_time_unix_nano
    assert statement.start_time_unix_nano < statement.end_time_unix_nano


def test_a_mutation_has_a_span_for_each_of_its_statements(api: Api, sent: Sent) -> None:
    api.data(CREATE, {"id": "s1"})
    *statements, operation = sent.spans()
    assert operation.name == "mutation"
    assert any("INSERT customer_session" in span.name for span in statements)
    assert {span.parent_span_id for span in statements} == {operation.span_id}
    assert len(statements) >= 2


def test_what_waits_to_be_told_keeps_no_document(api: Api, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_KEPT", 0)
    api.data(LOOK)
    assert sent.spans()
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Document and each.text == LOOK]


def test_no_span_has_anything_that_was_sent(api: Api, sent: Sent) -> None:
    secret = "a customer's own words"  # noqa: S105  # of no use to anyone
    api.data(CREATE, {"id": secret})
    api.query(f'query Look {{ customerSession(integrationId: "{secret}") {{ state }} }}')
    told = "".join(str(span) for span in sent.spans())
    assert secret not in told
    assert api.keys["writer"] not in told


def test_a_trace_goes_on_where_the_request_says(api: Api, sent: Sent) -> None:
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=1"})
    span = sent.spans()[-1]
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == PARENT
    assert span.trace_state == "vendor=1"
    assert span.flags & SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


@pytest.mark.parametrize("header", ["", "00", f"00-{TRACE}-{PARENT}", f"00-{'0' * 32}-{PARENT}-01", "caf\xe9"])
def test_a_header_that_names_no_trace_begins_a_new_one(api: Api, sent: Sent, header: str) -> None:
    api.request("POST", headers={"traceparent": header.encode("latin-1")})
    assert not sent.spans()[-1].parent_span_id


def test_what_is_not_sampled_costs_no_span(traced: Callable[[Sampler], Api], sent: Sent) -> None:
    api = traced(ParentBased(ALWAYS_OFF))
    api.data("{ viewer { role } }")
    assert not sent.spans()
    api.request("POST", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert len(sent.spans()) == 1


@pytest.mark.parametrize(
    ("document", "outcome", "name"),
    [
        ("{", "GRAPHQL_PARSE_FAILED", "GraphQL Operation"),
        ("{ customerSessions(first: 101) { nodes { state } } }", "BAD_USER_INPUT", "query"),
    ],
)
def test_a_refusal_is_told_and_is_not_the_servers_fault(
    api: Api, sent: Sent, document: str, outcome: str, name: str
) -> None:
    api.query(document)
    span = sent.spans()[-1]
    assert (span.name, attributes(span)["error.type"]) == (name, outcome)
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_a_failure_is_the_servers_fault_and_that_of_its_statement(
    api: Api, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise OSError("a customer's own words")

    monkeypatch.setattr(api.server.database._database, "read", broken)  # type: ignore[attr-defined]  # below the seam
    api.query(LOOK)
    *statements, operation = sent.spans()
    assert attributes(operation)["error.type"] == "INTERNAL"
    assert operation.status.code == Status.STATUS_CODE_ERROR
    assert {(attributes(span)["error.type"], span.status.code) for span in statements} == {
        ("OSError", Status.STATUS_CODE_ERROR)
    }
    assert "own words" not in "".join(str(span) for span in (*statements, operation))


def by_sqlalchemy(connection: Connection) -> None:
    """A statement that SQLAlchemy runs."""
    connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")


def by_itself(connection: Connection) -> None:
    """A statement that is run on the driver."""
    Statement(insert(table("nowhere", column("number")))).rows(connection, {"number": 1})


@pytest.mark.parametrize("broken", [by_sqlalchemy, by_itself])
def test_a_statement_that_fails_in_a_change_has_its_span_all_the_same(
    api: Api, sent: Sent, broken: Callable[[Connection], None]
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
    statement, _ = sent.spans()
    assert statement.name == "INSERT"
    assert statement.status.code == Status.STATUS_CODE_ERROR


def test_an_operation_that_goes_on_tells_its_statements_meanwhile(sent: Sent) -> None:
    span = OperationSpan(SpanContext(1, 2, False), None, sent.on_end)
    going_on = span.statement("SELECT 1", "sqlite")
    for _ in range(1_000):
        span.statement("SELECT 2", "sqlite")(None)
    assert len(span.statements) < 200
    told = len(sent.spans())
    assert told > 800
    going_on(None)
    span.end(Operation(ended=1_764_000_000))
    *statements, operation = sent.spans()
    assert len(statements) == 1_001
    assert all(each.end_time_unix_nano >= each.start_time_unix_nano > 0 for each in statements)
    assert {each.parent_span_id for each in statements} == {operation.span_id}


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


@given(
    trace=st.integers(1, 2**128 - 1),
    span=st.integers(1, 2**64 - 1),
    parent=st.none() | st.integers(1, 2**64 - 1),
    state=st.sampled_from([TraceState(), TraceState([("vendor", "1"), ("other", "2")])]),
    outcome=st.sampled_from(["OK", "INTERNAL", "BAD_USER_INPUT"]),
    status=st.integers(100, 599),
    cost=st.integers(0, 2**62),
    request=st.text(),
    started=st.integers(1, 2**62),
)
def test_a_span_is_encoded_as_opentelemetry_would(
    trace: int,
    span: int,
    parent: int | None,
    state: TraceState,
    outcome: str,
    status: int,
    cost: int,
    request: str,
    started: int,
) -> None:
    context = SpanContext(trace, span, False, trace_state=state)
    around = SpanContext(trace, parent, True) if parent else None
    taken: list[Told] = []
    traced = OperationSpan(context, around, taken.append)
    traced.started = started
    seen = Operation(request, outcome=outcome, status=status, cost=cost, ended=1_764_000_000)
    facts: dict[str, str | int] = {
        "http.response.status_code": status,
        **({} if outcome == "OK" else {"error.type": outcome}),
        "cartograph.cost": cost,
        "cartograph.request_id": request,
    }
    expected = ReadableSpan(
        "GraphQL Operation",
        context,
        around,
        Resource({"service.name": "tested"}),
        facts,
        kind=SpanKind.SERVER,
        status=StatusOfSdk(CodeOfSdk.ERROR if outcome == "INTERNAL" else CodeOfSdk.UNSET),
        start_time=started,
        end_time=1_764_000_000 * 10**9,
        instrumentation_scope=InstrumentationScope("tests"),
    )
    traced.end(seen)
    assert ExportTraceServiceRequest.FromString(ENCODING(taken)) == encode_spans([expected])


@pytest.mark.parametrize("share", ["0", "1"])
def test_a_share_is_kept_where_opentelemetrys_variables_name_one(
    monkeypatch: pytest.MonkeyPatch, sent: Sent, share: str
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
    traces, seen = Traces(TracerProvider(shutdown_on_exit=False), sent), Operation()
    traces.begin(seen, [(b"host", b"here")])
    assert (seen.trace is not None) == (share == "1")
