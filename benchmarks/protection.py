"""Measure the CPU time of protection and of traces: servers with and without them answer in turn."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Annotated, NamedTuple

import typer
from cases import READS, Case
from databases import Address, sqlite
from run import WARM_UP, check_answers, requests_file, run_wrk
from servers import CARTOGRAPH, Implementation, Server, run_server

HERE = Path(__file__).parent
CONNECTIONS = 8
TURNS = 2  # of each server in a round
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SAMPLE_ALL = "OTEL_TRACES_SAMPLER=parentbased_always_on"
GREY = "#8c959f"
OFF = Implementation("Unprotected", GREY, (sys.executable, str(HERE / "unprotected.py")))


@dataclass(frozen=True)
class Feature:
    """A feature, the case that it is measured with, and a server with and without it."""

    name: str
    case: Case
    on: Implementation
    off: Implementation


class Sample(NamedTuple):
    """The CPU time of a request in seconds, and the requests a second."""

    seconds: float
    rate: float


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often both servers are started.")] = 9,
    seconds: Annotated[int, typer.Option(min=1, help="Duration of one run of wrk.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A comparison to run alone.")] = None,
) -> None:
    """Print the CPU time of a request with and without each feature."""
    with TemporaryDirectory() as temporary, sqlite(Path(temporary)) as store, collector() as endpoint:
        traced = Implementation("Traced", GREY, ("env", f"{ENDPOINT}={endpoint}", *CARTOGRAPH.command))
        all_traced = Implementation(
            "All traced", GREY, ("env", f"{ENDPOINT}={endpoint}", SAMPLE_ALL, *CARTOGRAPH.command)
        )
        for feature in (
            Feature("Protection", READS[0], CARTOGRAPH, OFF),
            Feature("Traces of one in ten", READS[0], traced, CARTOGRAPH),
            Feature("Traces of one in ten, page", READS[1], traced, CARTOGRAPH),
            Feature("Traces of all, page", READS[1], all_traced, CARTOGRAPH),
        ):
            if only and feature.name not in only:
                continue
            pairs = [compare(feature, store.address, store.key, Path(temporary), seconds) for _ in range(rounds)]
            on, off = (median(each.seconds for each in samples) for samples in zip(*pairs, strict=True))
            share = median(1 - without.seconds / with_it.seconds for with_it, without in pairs)
            fewer = median(1 - with_it.rate / without.rate for with_it, without in pairs)
            typer.echo(f"{feature.case.name}: {on * 1e6:.0f} µs of CPU for a request, {off * 1e6:.0f} without")
            typer.echo(f"{feature.name}: {share:.1%} of the CPU time, {fewer:.1%} fewer requests a second")


def compare(feature: Feature, address: Address, key: str, folder: Path, seconds: int) -> tuple[Sample, Sample]:
    """Measure requests with and without the feature.

    Both servers are started for it, since the speed of one program differs by some percent between two starts.
    """
    case = feature.case
    file = requests_file(folder, case, CARTOGRAPH)
    file.write_text("\n".join("\t".join(each) for each in case.bodies(CARTOGRAPH.name)), encoding="utf-8")
    script = ["post.lua", str(file), key]
    with ExitStack() as running:
        servers = [
            running.enter_context(run_server(implementation, address, folder))
            for implementation in (feature.on, feature.off)
        ]
        check_answers(case, servers, key)
        for server in servers:
            run_wrk(server, script, CONNECTIONS, WARM_UP)
        turns = [[measure(server, script, seconds) for server in servers] for _ in range(TURNS)]
    on, off = (mean(samples) for samples in zip(*turns, strict=True))
    return on, off


def mean(samples: Sequence[Sample]) -> Sample:
    """Return the mean of samples."""
    return Sample(fmean(each.seconds for each in samples), fmean(each.rate for each in samples))


def measure(server: Server, script: list[str], seconds: int) -> Sample:
    """Measure requests for so many seconds. Other load on the machine changes CPU time less than it does the rate."""
    before = cpu(server)
    rate = run_wrk(server, script, CONNECTIONS, seconds)
    return Sample((cpu(server) - before) / (rate * seconds), rate)


def cpu(server: Server) -> float:
    """Return the CPU seconds of the server's process, as Linux counts them."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class CollectorHandler(BaseHTTPRequestHandler):
    """Accepts spans and discards them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Accept spans."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def collector() -> Iterator[str]:
    """Run an OTLP collector. Yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), CollectorHandler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    app()
