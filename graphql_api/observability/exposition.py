"""Where metrics can be fetched: a port of their own, which the first process answers for all workers."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from graphql_api.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus_client keeps the numbers of several processes


@contextmanager
def exposed(settings: Settings, workers: int) -> Iterator[None]:
    """Answer Prometheus on the port of the settings, for as long as this lasts.

    Raises OSError where the port cannot be listened on. Has to come before anything is measured: prometheus_client
    looks at the environment when it is imported.
    """
    if settings.metrics_port is None:
        yield
        return
    with TemporaryDirectory(prefix="cartograph-metrics-") as folder:
        if workers > 1:
            os.environ[FOLDER] = folder
        from prometheus_client import REGISTRY, start_http_server  # noqa: PLC0415  # not before, as said above

        registry = of_workers(Path(folder)) if workers > 1 else REGISTRY
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def of_workers(folder: Path) -> "CollectorRegistry":
    """The sums over all processes that write into the folder."""
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # as above

    registry = CollectorRegistry()
    registry.register(Workers(folder))
    return registry


class Workers:
    """Collects what the processes have written. What one that has died had under way is not under way any more."""

    def __init__(self, folder: Path) -> None:
        multiprocess: Any = import_module("prometheus_client.multiprocess")  # as above; and it has no types
        self._folder = folder
        self._forget = multiprocess.mark_process_dead
        self._collected = multiprocess.MultiProcessCollector(None, str(folder)).collect

    def collect(self) -> Iterable["Metric"]:
        """The metrics as they are now."""
        for path in self._folder.glob("gauge_live*.db"):
            pid = int(path.stem.rpartition("_")[2])
            if not lives(pid):
                self._forget(pid, str(self._folder))
        metrics: Iterable[Metric] = self._collected()
        return metrics


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
