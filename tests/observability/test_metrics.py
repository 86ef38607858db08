"""Metrics: what Prometheus can fetch, where, and that clients cannot make it grow."""

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
from prometheus_client import REGISTRY
from served import Api
from sqlalchemy import Connection

from db.engine.database import Pool
from graphql_api.cli import main
from graphql_api.observability.instrumented_database import InstrumentedDatabase
from graphql_api.observability.metrics import COST_BUCKETS, ERROR_CODES, OUTCOMES, SECONDS_BUCKETS, metrics
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.settings import PREFIX

PAGE = "query Any { customerSessions(first: 30) { nodes { state } } }"
ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT '' || max(i) FROM n"
CREATE = 'mutation { createSession(input: {integrationId: "s1"}) { session { state } } }'


def value(name: str, **labels: str) -> float:
    """What a metric of this process stands at."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    """The API, measured."""
    return serve(metrics_port=1)


def test_operations_are_counted_by_type_and_outcome(api: Api) -> None:
    def counted(type_: str, outcome: str) -> float:
        return value("cartograph_operations_total", type=type_, outcome=outcome)

    kinds = [("query", "OK"), ("mutation", "OK"), ("query", "BAD_USER_INPUT"), ("none", "GRAPHQL_PARSE_FAILED")]
    before = [counted(*each) for each in kinds]
    for document in (PAGE, PAGE, CREATE, "{ customerSessions(first: 101) { nodes { state } } }", "{"):
        api.query(document)
    assert [counted(*each) - had for each, had in zip(kinds, before, strict=True)] == [2, 1, 1, 1]


def test_time_cost_and_statements_are_added_up(api: Api) -> None:
    names = ["cartograph_operation_seconds_count", "cartograph_operation_cost_sum", "cartograph_operation_cost_count"]
    before = [value(name, type="query") for name in names]
    statements = value("cartograph_statements_total")
    for _ in range(3):
        api.data(PAGE)
    assert [value(name, type="query") - had for name, had in zip(names, before, strict=True)] == [3, 90, 3]
    assert value("cartograph_statements_total") - statements == 3


def test_what_is_under_way_is_told_from_the_start(api: Api) -> None:
    api.data(PAGE)
    for what in ("operations", "writes", "connections", "subscriptions"):
        assert REGISTRY.get_sample_value("cartograph_under_way", {"what": what}) == 0


def test_how_the_connections_of_the_database_are_used_is_told(api: Api) -> None:
    api.data(PAGE)
    told = {state: value("cartograph_database_connections", state=state) for state in Pool._fields}
    assert 0 <= told["in_use"] <= told["open"]
    assert (told["open"] > 0, told["waiting"]) == (True, 0)


@pytest.mark.parametrize("given_up", [False, True])
def test_connections_are_in_use_and_waited_for_while_reads_last(api: Api, given_up: bool) -> None:
    database = api.database

    async def several() -> list[Pool]:
        reads = [asyncio.create_task(database.read(ROWS, {}, 1_000)) for _ in range(20)]
        await asyncio.sleep(0)
        during = database.pool()
        if given_up:
            for each in reads:
                each.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        return [during, database.pool()]

    during, after = api.runner.run(several())
    assert 20 <= during.in_use + during.waiting <= 22  # the feed may look, and listeners be told, at the same moment
    assert during.in_use <= during.open < 20
    assert after.in_use + after.waiting <= 2


def test_a_write_is_under_way_until_it_has_been_committed(api: Api) -> None:
    instrumented, free = api.database, Event()
    assert isinstance(instrumented, InstrumentedDatabase)

    def held(connection: Connection) -> None:
        free.wait(10)

    def broken(connection: Connection) -> None:
        raise OSError("the disk is full")

    async def several() -> list[int]:
        writes = [asyncio.create_task(instrumented.write(each)) for each in (held, broken, held)]
        await asyncio.sleep(0)
        waiting = instrumented.writes
        free.set()
        await asyncio.gather(*writes, return_exceptions=True)
        return [waiting, instrumented.writes]

    assert api.runner.run(several()) == [3, 0]


def test_an_outcome_that_is_not_ours_is_one_of_the_others() -> None:
    before = value("cartograph_operations_total", type="none", outcome="OTHER")
    for number in range(3):
        metrics().count_operation(OperationRecord(outcome=f"MADE_UP_{number}"))
    assert value("cartograph_operations_total", type="none", outcome="OTHER") - before == 3


def test_there_are_no_more_time_series_than_types_outcomes_and_buckets() -> None:
    metrics()
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    ours = [sample for sample in samples if sample.name.startswith("cartograph_")]
    most = 4 * (len(OUTCOMES) + 1) * 2 + 4 * (len(SECONDS_BUCKETS) + len(COST_BUCKETS) + 10) + 10
    assert len(ours) <= most


def test_every_code_of_an_error_is_an_outcome() -> None:
    assert {"UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "DOCUMENT_NOT_FOUND", "TIMEOUT", "INTERNAL"} <= ERROR_CODES


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A server with metrics, in processes of its own."""

    def __init__(self, folder: Path, workers: int) -> None:
        port = free_port()
        environment = {name: each for name, each in os.environ.items() if not name.startswith(PREFIX)}
        self.process = subprocess.Popen(  # noqa: S603  # this Python and this project
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
        """One operation; it has no key. A connection of its own goes to whichever worker takes it."""
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
            assert client.post(f"{self.url}/graphql", timeout=10).status_code == 401

    def samples(self) -> dict[str, float]:
        """What Prometheus would fetch now."""
        text = httpx.get(self.metrics_url, timeout=10).text
        pairs = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("cartograph_")]
        return {name: float(number) for name, number in pairs}

    def refused(self) -> float:
        """How many operations had no key."""
        return self.samples()['cartograph_operations_total{outcome="UNAUTHENTICATED",type="none"}']


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[int], Served]]:
    """Start servers; what still runs when the test ends is killed, workers and all."""
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
def test_what_all_workers_did_is_fetched_from_one_port(
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


def test_a_worker_that_dies_takes_nothing_along_but_what_it_had_under_way(
    started: Callable[[int], Served], tmp_path: Path
) -> None:
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


def test_a_port_for_metrics_that_is_taken_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("CARTOGRAPH_METRICS_PORT", str(port))
        monkeypatch.setenv("CARTOGRAPH_PORT", "0")
        assert main(["serve"]) == 1
    assert capsys.readouterr().err == f"127.0.0.1 port {port} cannot be listened on: Address already in use.\n"
