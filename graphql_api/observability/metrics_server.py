"""The port at which Prometheus fetches metrics: the parent process answers it for all workers."""

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

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # names the folder to which prometheus_client writes each worker's values


@contextmanager
def metrics_server(settings: Settings, workers: int) -> Iterator[None]:
    """Serve the metrics on the port of the settings, if they name one.

    Raises OSError where the port cannot be bound. Must be entered before any metric is made: prometheus_client reads
    its environment variable at import.
    """
    if settings.metrics_port is None:
        yield
        return
    with TemporaryDirectory(prefix="cartograph-metrics-") as folder:
        if workers > 1:
            os.environ[FOLDER_VARIABLE] = folder
        # The import reads the variable that was set above.
        from prometheus_client import REGISTRY, start_http_server  # noqa: PLC0415

        registry = multiprocess_registry(Path(folder)) if workers > 1 else REGISTRY
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, registry)
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def multiprocess_registry(folder: Path) -> "CollectorRegistry":
    """Return a registry of the sums over all workers, which write to the folder."""
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # as in metrics_server

    registry = CollectorRegistry()
    registry.register(WorkersCollector(folder))
    return registry


class WorkersCollector:
    """Sums the metrics of all workers, without the gauges of workers that died."""

    def __init__(self, folder: Path) -> None:
        multiprocess: Any = import_module("prometheus_client.multiprocess")  # as in metrics_server; it is not typed
        self._folder = folder
        self._mark_process_dead = multiprocess.mark_process_dead
        self._collect = multiprocess.MultiProcessCollector(None, str(folder)).collect

    def collect(self) -> Iterable["Metric"]:
        """Return the current values."""
        for path in self._folder.glob("gauge_live*.db"):
            pid = int(path.stem.rpartition("_")[2])
            if not is_alive(pid):
                self._mark_process_dead(pid, str(self._folder))
        metrics: Iterable[Metric] = self._collect()
        return metrics


def is_alive(pid: int) -> bool:
    """Return whether a process with this ID exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
