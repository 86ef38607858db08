"""Export of traces: OpenTelemetry's variables select the sampler and the exporter; a collector delays nobody."""

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

from graphql_api.observability import instrumentation
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.observability.traces import from_environment
from graphql_api.settings import PREFIX

pytestmark = pytest.mark.alone


class Collector(HTTPServer):
    """An OTLP collector that holds the spans it receives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.spans: list[Any] = []
        self.services: set[str] = set()


class CollectorHandler(BaseHTTPRequestHandler):
    """Decodes spans."""

    server: Collector

    def do_POST(self) -> None:
        """Add the spans of a request to those of the collector."""
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
        """Log nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that listens while the test runs."""
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def serve(folder: Path, **variables: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server with these variables. Returns its process and URL."""
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
    pytest.fail("the server did not start")


ALL = {"OTEL_TRACES_SAMPLER": "parentbased_always_on"}


@pytest.mark.parametrize(
    ("variables", "spans", "services"),
    [
        (ALL, 5, {"cartograph"}),
        ({**ALL, "OTEL_SERVICE_NAME": "shop"}, 5, {"shop"}),
        ({**ALL, "OTEL_RESOURCE_ATTRIBUTES": "service.name=stall"}, 5, {"stall"}),
        ({**ALL, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, 5, {"cartograph"}),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, 5, {"cartograph"}),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0, set()),
        ({**ALL, "OTEL_SDK_DISABLED": "true"}, 0, set()),
        ({**ALL, "OTEL_TRACES_EXPORTER": "none"}, 0, set()),
    ],
)
def test_opentelemetry_variables_select_the_sampler_the_exporter_and_the_service_name(
    collector: Collector, tmp_path: Path, variables: dict[str, str], spans: int, services: set[str]
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}"
    process, url = serve(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **variables)
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


def sampled(monkeypatch: pytest.MonkeyPatch, operations: int) -> int:
    """Return how many of so many operations are sampled."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    start = instrumentation.traces_factory()
    assert start
    traces = start()
    records = [OperationRecord() for _ in range(operations)]
    for each in records:
        traces.start(each, [(b"host", b"here")])
    traces.shutdown()
    return sum(each.span is not None for each in records)


def test_one_operation_in_ten_is_sampled_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    assert 700 < sampled(monkeypatch, 10_000) < 1_300  # ten standard deviations


@pytest.mark.parametrize(("ratio", "expected"), [("0", 0), ("1", 100)])
def test_the_ratio_is_that_of_the_variables(monkeypatch: pytest.MonkeyPatch, ratio: str, expected: int) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
    assert sampled(monkeypatch, 100) == expected


def test_a_sampled_parent_is_followed_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_TRACES_SAMPLER", raising=False)
    traces = from_environment()
    records = [OperationRecord() for _ in range(100)]
    for each in records:
        traces.start(each, [(b"traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01".encode())])
    traces.shutdown()
    assert all(each.span for each in records)


@pytest.mark.parametrize("accepts", [True, False])
def test_a_collector_that_is_down_or_hangs_delays_no_request(tmp_path: Path, accepts: bool) -> None:
    with socket() as collector:
        collector.bind(("127.0.0.1", 0))
        if accepts:  # connections, and never responds
            collector.listen()
        endpoint = f"http://127.0.0.1:{collector.getsockname()[1]}"
        process, url = serve(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="10", **ALL)
        try:
            for _ in range(50):  # the first batch is being sent by then
                assert httpx.post(f"{url}/graphql", timeout=5).status_code == 401
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=25)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 0


def test_a_server_without_the_extra_logs_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "graphql_api.observability.traces", None)
    assert instrumentation.traces_factory() is None
    assert "cartograph-graphql[otel]" in caplog.text
