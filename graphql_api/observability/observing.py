"""What an application starts and stops in order to be seen."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from db.engine.database import Pool
from graphql_api.observability import log
from graphql_api.observability.observer import Observer
from graphql_api.settings import Settings

if TYPE_CHECKING:
    from graphql_api.observability.traces import Traces

logger = logging.getLogger("cartograph")

EXPORTER = "OTEL_TRACES_EXPORTER"
ASKING = (EXPORTER, "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@asynccontextmanager
async def observing(
    settings: Settings,
    counts: Mapping[str, Callable[[], int]],
    pool: Callable[[], Pool],
    start_traces: "Callable[[], Traces] | None",
) -> AsyncIterator[Observer]:
    """An observer that tells all that the settings ask for.

    ``counts`` tell what is under way, by its name, and ``pool`` how the database's connections are used.
    """
    tellers = [log.teller()]
    sampling = traces = None
    if start_traces:
        traces = await asyncio.to_thread(start_traces)
        tellers.insert(0, traces.tell)
    if settings.metrics_port is not None:
        from graphql_api.observability.metrics import metrics, sample  # noqa: PLC0415  # who is not asked does not measure

        tellers.append(metrics().tell)
        sampling = asyncio.create_task(sample(counts, pool))
    try:
        yield Observer(tellers, traces)
    finally:
        if sampling:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        if traces:
            await asyncio.to_thread(traces.close)
        log.flush()


def tracing() -> "Callable[[], Traces] | None":
    """What starts the traces that OpenTelemetry's own variables ask for, if any do."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get(EXPORTER) == "none"
    if disabled or not any(map(os.environ.get, ASKING)):
        return None
    try:
        from graphql_api.observability.traces import from_environment  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        logger.warning("OTEL_ variables ask for traces, which need the extra: pip install 'cartograph[otel]'")
        return None
    return from_environment
