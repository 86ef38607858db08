"""Traces, by OpenTelemetry's conventions for GraphQL and for databases: a span an operation and a span a statement.

No span has a document, variables or parameters: they hold what customers typed.
"""

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from itertools import groupby
from operator import itemgetter
from random import random

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from db.tables import Row
from graphql_api.observe.operation import LONGEST_NAME, Ended, Operation

NAME = "cartograph"
UNKNOWN = "GraphQL Operation"  # what an operation is called that did not come so far as to have a type
SAMPLED = 0.05  # of the traces that begin here, where OTEL_TRACES_SAMPLER says nothing
OURS = {"INTERNAL", "TIMEOUT"}  # outcomes that are the server's fault
PARENT = (b"traceparent", b"tracestate")
# What a statement does, or the table that it does it to. DO UPDATE and FOR UPDATE are no steps of their own.
STEP = re.compile(r"\b(?<!DO )(?<!FOR )(SELECT|INSERT|UPDATE|DELETE)\b|(?<=FROM |JOIN |INTO )(\w+)|(\w+)(?= SET\b)")


class OperationSpan:
    """The span of one operation, and the tracer that makes those of its statements."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._context = set_span_in_context(span, Context())
        self.span = span
        self.id = format_trace_id(span.get_span_context().trace_id)

    def statement(self, text: str, system: str) -> Ended:
        """A statement begins."""
        named = summary(text)
        attributes = {"db.system.name": system, "db.query.summary": named}
        span = self._tracer.start_span(named, self._context, SpanKind.CLIENT, attributes)

        def ended(error: BaseException | None) -> None:
            if error is not None:  # what it says may hold values
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(StatusCode.ERROR)
            span.end()

        return ended


class Traces:
    """Traces the operations of this process; of those that no trace comes with, a ``share``.

    Which ones is decided here: to let OpenTelemetry's sampler make a span that is not kept takes twenty times as long.
    """

    def __init__(self, provider: TracerProvider, share: float = 1) -> None:
        self._share = share
        self._provider = provider
        self._tracer = provider.get_tracer(NAME, version(NAME))
        self._parents = TraceContextTextMapPropagator()

    def begin(self, seen: Operation, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """An operation begins, perhaps as part of a trace that its headers name."""
        given = {name.decode(): value.decode("latin-1") for name, value in headers if name in PARENT}
        if not given and self._share < random():  # noqa: S311  # no secret
            return
        parent = self._parents.extract(given, Context()) if given else Context()
        span = self._tracer.start_span(UNKNOWN, parent, SpanKind.SERVER)
        if span.is_recording():
            seen.trace = OperationSpan(self._tracer, span)

    def tell(self, seen: Operation) -> None:
        """An operation has been answered."""
        if not isinstance(seen.trace, OperationSpan):
            return
        span = seen.trace.span
        if seen.definition:
            span.update_name(seen.definition.operation.value)
        name = seen.definition.name if seen.definition else None
        facts = {
            "graphql.operation.type": seen.definition.operation.value if seen.definition else None,
            "graphql.operation.name": name.value[:LONGEST_NAME] if name else None,
            "http.response.status_code": seen.status or None,
            "error.type": None if seen.outcome == "OK" else seen.outcome,
            "cartograph.request_id": seen.request_id,
            "cartograph.document.sha256": seen.document.sha256 if seen.document else None,
            "cartograph.cost": seen.cost,
        }
        span.set_attributes({name: fact for name, fact in facts.items() if fact is not None})
        if seen.outcome in OURS:
            span.set_status(StatusCode.ERROR)
        span.end()

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def from_environment() -> Traces:
    """Traces as the OTEL_ variables have them: where they go, under which name, and how many of them."""
    named = OTEL_SERVICE_NAME in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(
        resource=Resource.create({} if named else {"service.name": NAME}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider, 1 if OTEL_TRACES_SAMPLER in os.environ else SAMPLED)


@lru_cache(maxsize=1_000)
def summary(statement: str) -> str:
    """What a statement does, and the tables that it does it to, in its order, each once."""
    verb, told = "", dict[tuple[str, str], None]()
    for step in STEP.finditer(statement):
        verb, table = step[1] or verb, step[2] or step[3]
        if table in Row.metadata.tables:
            told[verb, table] = None
    if not told:
        return verb or statement.split(maxsplit=1)[0]
    return " ".join(f"{verb} {' '.join(table for _, table in group)}" for verb, group in groupby(told, itemgetter(0)))
