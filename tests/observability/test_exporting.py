"""Traces on their way: whether they are made and where they go, as OpenTelemetry's own variables have it."""

import gzip
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from graphql_api.observability import observing
from graphql_api.observability.operation import Operation
from graphql_api.settings import PREFIX


class Collector(HTTPServer):
    """What OTLP is sent to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.spans: list[Any] = []
        self.services: set[str] = set()


class Taking(BaseHTTPRequestHandler):
    """Takes spans."""

    server: Collector

    def do_POST(self) -> None:
        """Keep what is sent."""
        sent = ExportTraceServiceRequest()
        body = self.rfile.read(int(self.headers["content-length"]))
        sent.ParseFromString(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
        for each in sent.resource_spans:
            named = {each.key: each.value.string_value for each in each.resource.attributes}
            self.server.services.add(named["service.name"])
            for scope in each.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """It listens while the test runs."""
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def served(folder: Path, **variables: str) -> tuple[subprocess.Popen[str], str]:
    """A server with OTEL_ variables, and where it listens."""
    environment = {name: each for name, each in os.environ.items() if not name.startswith((PREFIX, "OTEL_"))}
    process = subprocess.Popen(  # this Python and this project
        [sys.executable, "-m", "graphql_api", "serve", "--port", "0"],
        cwd=folder,
        env={**environment, **variables, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if found := re.search(r"running on (http://[^ \"]+)", line):
            return process, found[1]
    pytest.fail("it did not start")


@pytest.mark.parametrize(
    ("variables", "spans", "services"),
    [
        ({}, 5, {"cartograph"}),
        ({"OTEL_SERVICE_NAME": "shop"}, 5, {"shop"}),
        ({"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, 5, {"cartograph"}),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0, set()),
        ({"OTEL_SDK_DISABLED": "true"}, 0, set()),
        ({"OTEL_TRACES_EXPORTER": "none"}, 0, set()),
    ],
)
def test_opentelemetrys_own_variables_say_whether_and_where_to(
    collector: Collector, tmp_path: Path, variables: dict[str, str], spans: int, services: set[str]
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    process, url = served(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **variables)
    try:
        for _ in range(5):
            assert httpx.post(f"{url}/graphql").status_code == 401
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert (len(collector.spans), collector.services) == (spans, services)


def test_every_trace_is_kept_where_nothing_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    start = observing.tracing()
    assert start
    traces = start()
    operations = [Operation() for _ in range(100)]
    for each in operations:
        traces.begin(each, [])
    traces.close()
    assert len({each.trace.id for each in operations if each.trace}) == 100


@pytest.mark.parametrize("answers", [True, False])
def test_a_collector_that_is_away_or_hangs_keeps_nobody_waiting(tmp_path: Path, answers: bool) -> None:
    with socket() as collector:
        collector.bind(("127.0.0.1", 0))
        if answers:  # a connection, and nothing else ever
            collector.listen()
        endpoint = f"http://127.0.0.1:{collector.getsockname()[1]}"
        process, url = served(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="10")
        try:
            for _ in range(50):  # those of the first are being sent by then
                assert httpx.post(f"{url}/graphql", timeout=5).status_code == 401
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=25)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 0


def test_a_server_without_the_extra_says_so_and_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "graphql_api.observability.traces", None)
    assert observing.tracing() is None
    assert "cartograph[otel]" in caplog.text
