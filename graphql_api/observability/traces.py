"""Traces by OpenTelemetry's SDK: an operation is a SERVER span, each of its statements a CLIENT span within it.

Names and attributes follow the semantic conventions for GraphQL and for databases. No span holds a document, variables
or parameters, since these hold customers' data.
"""

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from itertools import groupby
from operator import itemgetter
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode, Tracer, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from db.tables import Row
from graphql_api.observability.operation_record import OperationRecord, StatementEnded

NAME = "cartograph"
DEFAULT_RATIO = 0.1  # of the operations that belong to no trace yet
UNKNOWN_OPERATION = "GraphQL Operation"  # the name of a span whose operation was refused before its type was known
SERVER_FAULTS = {"INTERNAL", "TIMEOUT"}  # outcomes for which a span has the status ERROR
SHUTDOWN_SECONDS = 5  # for sending the spans that are still queued

NO_CONTEXT = Context()
PROPAGATOR = TraceContextTextMapPropagator()
PROPAGATED = {name.encode() for name in PROPAGATOR.fields}

# A verb, or the table that it reads or changes. The words UPDATE of DO UPDATE and FOR UPDATE are no verbs.
SQL_STEP = re.compile(r"\b(?<!DO )(?<!FOR )(SELECT|INSERT|UPDATE|DELETE)\b|(?<=FROM |JOIN |INTO )(\w+)|(\w+)(?= SET\b)")


class Traces:
    """Traces the operations of this process that the sampler picks.

    The sampler is asked before a span is started, and the provider samples every span: ``start_span`` takes 5 µs where
    it decides against a span, and the sampler alone 1.5 µs.
    """

    def __init__(self, provider: TracerProvider, sampler: Sampler) -> None:
        self._tracer = provider.get_tracer(NAME, version("cartograph-graphql"))
        self._sampler = sampler
        self._generate_trace_id = provider.id_generator.generate_trace_id
        self._shutdown = provider.shutdown

    def start(self, record: OperationRecord, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Start the operation's span if it is sampled, within the trace that the request's headers name, if any."""
        carrier = {name.decode(): value.decode("latin-1") for name, value in headers if name in PROPAGATED}
        context = PROPAGATOR.extract(carrier, NO_CONTEXT) if carrier else NO_CONTEXT
        if self._is_sampled(context):
            span = self._tracer.start_span(UNKNOWN_OPERATION, context, SpanKind.SERVER)
            record.span = OperationSpan(self._tracer, span)

    def _is_sampled(self, context: Context) -> bool:
        trace_id = trace.get_current_span(context).get_span_context().trace_id or self._generate_trace_id()
        result = self._sampler.should_sample(context, trace_id, UNKNOWN_OPERATION, SpanKind.SERVER)
        return result.decision is Decision.RECORD_AND_SAMPLE

    def finish(self, record: OperationRecord) -> None:
        """End the operation's span, if it has one."""
        if record.span:
            record.span.end(record)

    def shutdown(self) -> None:
        """Send the spans that are queued. Gives up after five seconds: a collector may hang."""
        sending = Thread(target=self._shutdown, daemon=True)
        sending.start()
        sending.join(SHUTDOWN_SECONDS)


class OperationSpan:
    """The span of one operation."""

    __slots__ = ("_context", "_span", "_tracer", "trace_id")

    def __init__(self, tracer: Tracer, span: trace.Span) -> None:
        self._tracer = tracer
        self._span = span
        self._context = set_span_in_context(span, NO_CONTEXT)
        self.trace_id = format_trace_id(span.get_span_context().trace_id)

    def start_statement(self, text: str, system: str) -> StatementEnded:
        """Start the span of a statement. Of an error it has the class alone, since the message may hold values."""
        summary = summarise(text)
        attributes = {"db.system.name": system, "db.query.summary": summary}
        span = self._tracer.start_span(summary, self._context, SpanKind.CLIENT, attributes)

        def end(error: BaseException | None) -> None:
            if error is not None:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(StatusCode.ERROR)
            span.end()

        return end

    def end(self, record: OperationRecord) -> None:
        """End the span, with the facts of the record as its attributes."""
        attributes = {
            "graphql.operation.type": record.kind.value if record.kind else None,
            "graphql.operation.name": record.name,
            "http.response.status_code": record.status or None,
            "error.type": None if record.outcome == "OK" else record.outcome,
            "cartograph.document.sha256": record.document,
            "cartograph.cost": record.cost,
            "cartograph.request_id": record.request_id,
        }
        self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})
        if record.kind:
            self._span.update_name(record.kind.value)
        if record.outcome in SERVER_FAULTS:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


@lru_cache(maxsize=1_000)
def summarise(statement: str) -> str:
    """Return the verbs of a statement, each followed by its tables: ``SELECT cart_item customer_session``."""
    verb, steps = "", dict[tuple[str, str], None]()
    for step in SQL_STEP.finditer(statement):
        verb, table = step[1] or verb, step[2] or step[3]
        if table in Row.metadata.tables:
            steps[verb, table] = None
    if not steps:
        return verb or statement.split(maxsplit=1)[0]
    return " ".join(f"{verb} {' '.join(table for _, table in group)}" for verb, group in groupby(steps, itemgetter(0)))


def from_environment() -> Traces:
    """Start tracing as OpenTelemetry's variables have it. The SDK and its exporter read them."""
    named = os.environ.get(OTEL_SERVICE_NAME) or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {"service.name": NAME})
    provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider, sampler_from_environment())


def sampler_from_environment() -> Sampler:
    """Return the sampler that ``OTEL_TRACES_SAMPLER`` names, or the default: one operation in ten, or as its parent."""
    if os.environ.get(OTEL_TRACES_SAMPLER):
        return TracerProvider(shutdown_on_exit=False).sampler  # reads the variable
    return ParentBased(TraceIdRatioBased(DEFAULT_RATIO))
