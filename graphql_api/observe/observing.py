"""What an application starts and stops in order to be seen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from graphql_api.observe import log
from graphql_api.observe.observer import Observer
from graphql_api.settings import Settings


@asynccontextmanager
async def observing(settings: Settings, counts: Mapping[str, Callable[[], int]]) -> AsyncIterator[Observer]:
    """An observer that tells all that the settings ask for. ``counts`` tell what is under way, by its name."""
    tellers = [log.teller()]
    sampling = None
    if settings.metrics_port is not None:
        from graphql_api.observe.metrics import metrics, sample  # noqa: PLC0415  # who is not asked does not measure

        tellers.append(metrics().tell)
        sampling = asyncio.create_task(sample(counts))
    try:
        yield Observer(tellers)
    finally:
        if sampling:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        log.flush()
