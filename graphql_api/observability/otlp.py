"""Spans as a collector takes them, and how they get there: OpenTelemetry's exporter, with an encoding of our own.

They are made by the exporter's thread, many at a time. What spans have in common is encoded once: of protocol buffers
one message after another is their sum.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, SpanFlags, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from graphql_api.observability.spans import Told, summary

UNKNOWN = "GraphQL Operation"  # what an operation is called that did not come so far as to have a type
OURS = {"INTERNAL", "TIMEOUT"}  # outcomes that are the server's fault
FINE, FAILED = Status(code=Status.STATUS_CODE_UNSET), Status(code=Status.STATUS_CODE_ERROR)
LOCAL = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
REMOTE = LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class Encoding:
    """Makes the spans of operations, and of their statements, in the name of a resource and a scope."""

    def __init__(self, resource: Resource, scope: InstrumentationScope, ids: IdGenerator) -> None:
        any_span = ReadableSpan("", SpanContext(1, 1, False), resource=resource, instrumentation_scope=scope)
        self._empty = encode_spans([any_span])
        del self._empty.resource_spans[0].scope_spans[0].spans[:]
        self._ids = ids

    def __call__(self, operations: Sequence[Told]) -> bytes:
        """A request to a collector."""
        request = ExportTraceServiceRequest()
        request.CopyFrom(self._empty)
        add = request.resource_spans[0].scope_spans[0].spans.add
        for context, traced, statements, seen in operations:
            trace_id, span_id = context.trace_id.to_bytes(16), context.span_id.to_bytes(8)
            trace_state = context.trace_state.to_header() if context.trace_state else None
            ended = int(seen.ended * 1e9) if seen else 0
            for each in statements:
                add(
                    trace_id=trace_id,
                    span_id=self._ids.generate_span_id().to_bytes(8),
                    parent_span_id=span_id,
                    trace_state=trace_state,
                    start_time_unix_nano=each.started,
                    end_time_unix_nano=each.ended or max(ended, each.started),
                    flags=LOCAL,
                ).MergeFromString(of_statement(each.text, each.system, each.error))
            if seen is None:
                continue
            parent = traced.parent
            span = add(
                trace_id=trace_id,
                span_id=span_id,
                parent_span_id=parent.span_id.to_bytes(8) if parent else None,
                trace_state=trace_state,
                start_time_unix_nano=traced.started,
                end_time_unix_nano=ended,
                flags=REMOTE if parent else LOCAL,
            )
            span.MergeFromString(
                of_operation(
                    seen.kind.value if seen.kind else None,
                    seen.name,
                    seen.status,
                    seen.outcome,
                    seen.document,
                    seen.cost,
                )
            )
            span.attributes.add(key="cartograph.request_id").value.string_value = seen.request_id
        return request.SerializeToString()


class Exporter(OTLPSpanExporter):
    """Sends spans as OpenTelemetry's variables have it: where to, with which headers, how often it is tried."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        self._encoding = encoding

    def export(self, spans: Sequence[Told]) -> SpanExportResult:  # type: ignore[override]  # nobody else's spans come
        """Send those of some operations. The SDK's own method encodes them, and then does what this one does."""
        sent = self._client.export(self._encoding(spans))
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


@lru_cache(maxsize=1_000)
def of_statement(text: str, system: str, error: str | None) -> bytes:
    """What the spans of a statement have in common."""
    named = summary(text)
    facts = {"db.system.name": system, "db.query.summary": named, "error.type": error}
    return Span(
        name=named, kind=Span.SPAN_KIND_CLIENT, attributes=attributes(facts), status=FAILED if error else FINE
    ).SerializeToString()


@lru_cache(maxsize=1_000)
def of_operation(
    type_: str | None, name: str | None, status: int, outcome: str, document: str | None, cost: int
) -> bytes:
    """What the spans of an operation have in common that comes to the same."""
    facts = {
        "graphql.operation.type": type_,
        "graphql.operation.name": name,
        "http.response.status_code": status or None,
        "error.type": None if outcome == "OK" else outcome,
        "cartograph.document.sha256": document,
        "cartograph.cost": cost,
    }
    return Span(
        name=type_ or UNKNOWN,
        kind=Span.SPAN_KIND_SERVER,
        attributes=attributes(facts),
        status=FAILED if outcome in OURS else FINE,
    ).SerializeToString()


def attributes(facts: Mapping[str, str | int | None]) -> list[KeyValue]:
    """The facts that are known."""
    return [
        KeyValue(key=key, value=AnyValue(int_value=fact) if isinstance(fact, int) else AnyValue(string_value=fact))
        for key, fact in facts.items()
        if fact is not None
    ]
