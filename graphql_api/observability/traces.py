"""Traces, by OpenTelemetry's conventions for GraphQL and for databases: a span an operation and a span a statement.

No span has a document, variables or parameters: they hold what customers typed.
"""

import os
from collections.abc import Iterable
from importlib.metadata import version
from threading import Thread
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON, Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext, SpanKind, TraceFlags, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from graphql_api.observability.operation import Operation
from graphql_api.observability.otlp import UNKNOWN, Encoding, Exporter
from graphql_api.observability.spans import OperationSpan, Told

NAME = "cartograph"
PARENT = (b"traceparent", b"tracestate")
NOWHERE = Context()  # no trace
KEPT = TraceFlags(TraceFlags.SAMPLED)
SENT_WITHIN = 5  # seconds that the end waits for what has not been sent


class Processor(Protocol):
    """What takes what is told of operations: BatchSpanProcessor, which looks at their context alone."""

    def on_end(self, span: Told) -> None:
        """Take one."""

    def shutdown(self) -> None:
        """Send what has been taken."""


class Traces:
    """Traces the operations of this process.

    The SDK decides which, and sends them; its way of beginning, filling and ending a span takes ten times as long as to
    keep what one is made of.
    """

    def __init__(self, provider: TracerProvider, processor: Processor) -> None:
        self._sampler = provider.sampler
        self._all = provider.sampler in (ALWAYS_ON, DEFAULT_ON)  # of those that begin here; then nobody need be asked
        self._ids = provider.id_generator
        self._processor = processor
        self._parents = TraceContextTextMapPropagator()

    def begin(self, seen: Operation, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """An operation begins, perhaps as part of a trace that its headers name."""
        given = {name.decode(): value.decode("latin-1") for name, value in headers if name in PARENT}
        around = self._parents.extract(given, Context()) if given else NOWHERE
        parent = get_current_span(around).get_span_context() if given else INVALID_SPAN_CONTEXT
        trace_id = parent.trace_id if parent.is_valid else self._ids.generate_trace_id()
        state = None
        if given or not self._all:
            sampled = self._sampler.should_sample(around, trace_id, UNKNOWN, SpanKind.SERVER)
            if sampled.decision is not Decision.RECORD_AND_SAMPLE:
                return
            state = sampled.trace_state
        context = SpanContext(trace_id, self._ids.generate_span_id(), False, KEPT, state)
        seen.trace = OperationSpan(context, parent if parent.is_valid else None, self._processor.on_end)

    def tell(self, seen: Operation) -> None:
        """An operation has been answered."""
        if isinstance(seen.trace, OperationSpan):
            seen.trace.end(seen)

    def close(self) -> None:
        """Send what has not been sent, unless the collector takes too long for it."""
        sending = Thread(target=self._processor.shutdown, daemon=True)
        sending.start()
        sending.join(SENT_WITHIN)


def from_environment() -> Traces:
    """Traces as the OTEL_ variables have them: where they go, under which name, and how many of them."""
    provider = TracerProvider(shutdown_on_exit=False)
    named = OTEL_SERVICE_NAME in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {"service.name": NAME})
    encoding = Encoding(resource, InstrumentationScope(NAME, version(NAME)), provider.id_generator)
    return Traces(provider, BatchSpanProcessor(Exporter(encoding)))  # type: ignore[arg-type]  # as Processor says
