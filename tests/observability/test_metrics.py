"""Metrics: their values, their port, and that clients cannot add time series."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import httpx
import pytest
from api_server import Api
from prometheus_client import REGISTRY
from sqlalchemy import Connection

from db.engine.database import Pool
from graphql_api.cli import main
from graphql_api.observability.instrumented_database import InstrumentedDatabase
from graphql_api.observability.metrics import COST_BUCKETS, ERROR_CODES, OUTCOMES, SECONDS_BUCKETS, metrics
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.settings import PREFIX

pytestmark = pytest.mark.alone

PAGE = "query Any { customerSessions(first: 30) { nodes { state } } }"
ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT '' || max(i) FROM n"
CREATE = 'mutation { createSession(input: {integrationId: "s1"}) { session { state } } }'


def value(name: str, **labels: str) -> float:
    """Return the value of a metric of this process."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """The API with metrics."""
    return serve(metrics_port=1, webhooks=False)  # whose delivery uses connections, too


def test_operations_are_counted_by_type_and_outcome(api: Api) -> None:
    def counted(type_: str, outcome: str) -> float:
        return value("cartograph_operations_total", type=type_, outcome=outcome)

    kinds = [("query", "OK"), ("mutation", "OK"), ("query", "BAD_USER_INPUT"), ("none", "GRAPHQL_PARSE_FAILED")]
    before = [counted(*each) for each in kinds]
    for document in (PAGE, PAGE, CREATE, "{ customerSessions(first: 101) { nodes { state } } }", "{"):
        api.query(document)
    assert [counted(*each) - had for each, had in zip(kinds, before, strict=True)] == [2, 1, 1, 1]


def test_time_cost_and_statements_are_observed(api: Api) -> None:
    names = ["cartograph_operation_seconds_count", "cartograph_operation_cost_sum", "cartograph_operation_cost_count"]
    before = [value(name, type="query") for name in names]
    statements = value("cartograph_statements_total")
    for _ in range(3):
        api.data(PAGE)
    assert [value(name, type="query") - had for name, had in zip(names, before, strict=True)] == [3, 90, 3]
    assert value("cartograph_statements_total") - statements == 3


def test_gauges_of_work_in_progress_exist_from_the_start(api: Api) -> None:
    api.data(PAGE)
    for what in ("operations", "writes", "connections", "subscriptions"):
        assert REGISTRY.get_sample_value("cartograph_under_way", {"what": what}) == 0


def test_the_use_of_database_connections_is_a_gauge(api: Api) -> None:
    api.data(PAGE)
    pool = {state: value("cartograph_database_connections", state=state) for state in Pool._fields}
    assert 0 <= pool["in_use"] <= pool["open"]
    assert (pool["open"] > 0, pool["waiting"]) == (True, 0)


@pytest.mark.parametrize("cancelled", [False, True])
def test_connections_are_in_use_or_waited_for_during_reads(api: Api, cancelled: bool) -> None:
    database = api.database

    async def several() -> list[Pool]:
        reads = [asyncio.create_task(database.read(ROWS, {}, 1_000)) for _ in range(20)]
        await asyncio.sleep(0)
        during = database.pool()
        if cancelled:
            for each in reads:
                each.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        return [during, database.pool()]

    during, after = api.runner.run(several())
    assert 20 <= during.in_use + during.waiting <= 22  # the event feed may read at the same moment
    assert during.in_use <= during.open < 20
    assert after.in_use + after.waiting <= 2


def test_a_write_is_in_progress_until_it_is_committed_or_fails(api: Api) -> None:
    instrumented, free = api.database, Event()
    assert isinstance(instrumented, InstrumentedDatabase)

    def wait(connection: Connection) -> None:
        free.wait(10)

    def broken(connection: Connection) -> None:
        raise OSError("the disk is full")

    async def several() -> list[int]:
        writes = [asyncio.create_task(instrumented.write(each)) for each in (wait, broken, wait)]
        await asyncio.sleep(0)
        waiting = instrumented.writes
        free.set()
        await asyncio.gather(*writes, return_exceptions=True)
        return [waiting, instrumented.writes]

    assert api.runner.run(several()) == [3, 0]


def test_an_unknown_outcome_is_counted_as_other() -> None:
    before = value("cartograph_operations_total", type="none", outcome="OTHER")
    for number in range(3):
        metrics().count_operation(OperationRecord(outcome=f"MADE_UP_{number}"))
    assert value("cartograph_operations_total", type="none", outcome="OTHER") - before == 3


def test_the_number_of_time_series_is_bounded() -> None:
    metrics()
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    ours = [sample for sample in samples if sample.name.startswith("cartograph_")]
    maximum = 4 * (len(OUTCOMES) + 1) * 2 + 4 * (len(SECONDS_BUCKETS) + len(COST_BUCKETS) + 10) + 10
    assert len(ours) <= maximum


def test_error_codes_are_collected_from_the_error_classes() -> None:
    assert {"UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "DOCUMENT_NOT_FOUND", "TIMEOUT", "INTERNAL"} <= ERROR_CODES


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A server with metrics that runs in its own processes."""

    def __init__(self, folder: Path, workers: int) -> None:
        port = free_port()
        environment = {name: each for name, each in os.environ.items() if not name.startswith(PREFIX)}
        self.process = subprocess.Popen(  # noqa: S603  # fixed arguments
            [sys.executable, "-m", "graphql_api", "serve", "--port", "0", "--workers", str(workers)],
            cwd=folder,
            env={
                **environment,
                f"{PREFIX}METRICS_PORT": str(port),
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "TMPDIR": str(folder),
            },
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stderr
        self.workers: list[int] = []
        self.url = ""
        for line in self.process.stderr:
            if found := re.search(r"running on (http://[^ \"]+)", line):
                self.url = found[1]
            if found := re.search(r"Started server process \[(\d+)\]", line):
                self.workers.append(int(found[1]))
            if self.url and len(self.workers) == workers:
                break
        self.metrics_url = f"http://127.0.0.1:{port}/metrics"

    def post(self) -> None:
        """Send an operation without a key, on a new connection, which any worker may accept."""
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
            assert client.post(f"{self.url}/graphql", timeout=10).status_code == 401

    def samples(self) -> dict[str, float]:
        """Fetch the metrics as Prometheus does."""
        text = httpx.get(self.metrics_url, timeout=10).text
        pairs = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("cartograph_")]
        return {name: float(number) for name, number in pairs}

    def refused(self) -> float:
        """Return how many operations had no key."""
        return self.samples()['cartograph_operations_total{outcome="UNAUTHENTICATED",type="none"}']


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[int], Served]]:
    """Start servers, and kill their process groups when the test ends."""
    servers: list[Served] = []

    def start(workers: int) -> Served:
        servers.append(Served(tmp_path, workers))
        return servers[-1]

    yield start
    for server in servers:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.communicate()


@pytest.mark.parametrize("workers", [1, 2])
def test_one_port_serves_the_sums_of_all_workers(
    started: Callable[[int], Served], tmp_path: Path, workers: int
) -> None:
    server = started(workers)
    for _ in range(10):
        server.post()
    assert server.refused() == 10
    assert httpx.get(f"{server.url}/metrics").status_code == 404

    server.process.send_signal(signal.SIGTERM)
    server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert not list(tmp_path.glob("cartograph-metrics-*"))


def test_the_counters_of_a_dead_worker_stay_and_its_gauges_go(started: Callable[[int], Served], tmp_path: Path) -> None:
    server = started(2)
    for _ in range(10):
        server.post()
    dead = server.workers[0]
    os.kill(dead, signal.SIGKILL)

    until = time.monotonic() + 30
    while list(tmp_path.glob(f"cartograph-metrics-*/gauge_live*_{dead}.db")):
        assert time.monotonic() < until
        assert server.refused() == 10
    assert list(tmp_path.glob(f"cartograph-metrics-*/counter_{dead}.db"))


def test_a_metrics_port_in_use_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("CARTOGRAPH_METRICS_PORT", str(port))
        monkeypatch.setenv("CARTOGRAPH_PORT", "0")
        assert main(["serve"]) == 1
    assert capsys.readouterr().err == f"127.0.0.1 port {port} is not available: Address already in use.\n"
