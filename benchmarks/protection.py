"""What is on costs: protection on one session, traces on a page of 50; each with it and without, in turn."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Annotated

import typer
from cases import READS, Case
from databases import Place, sqlite
from run import WARM_UP, check, sent, wrk
from servers import OURS, Peer, Server, served

HERE = Path(__file__).parent
CONNECTIONS = 8
TURNS = 2  # of each server in a round
COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT"
GREY = "#8c959f"
OFF = Peer("Unprotected", GREY, (sys.executable, str(HERE / "unprotected.py")))


@dataclass(frozen=True)
class Question:
    """What something takes of a case: a server that has it, and one that has not."""

    name: str
    case: Case
    on: Peer
    off: Peer


def traced(name: str, *variables: str) -> Peer:
    """Our server with variables of OpenTelemetry."""
    return Peer(name, GREY, ("env", *variables, *OURS.command))


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is started and asked.")] = 9,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 2,
) -> None:
    """Print what a request takes with each thing on and with it off, and the share that is its own."""
    with TemporaryDirectory() as temporary, sqlite(Path(temporary)) as store, collector() as endpoint:
        default, all_kept = f"{COLLECTOR}={endpoint}", "OTEL_TRACES_SAMPLER=always_on"
        for question in (
            Question("Protection", READS[0], OURS, OFF),
            Question("A trace of one in twenty", READS[1], traced("Traced", default), OURS),
            Question("A trace of each", READS[1], traced("Traced all", default, all_kept), OURS),
        ):
            rounds_of = [asked(question, store.place, store.key, Path(temporary), seconds) for _ in range(rounds)]
            on, off = (median(each) for each in zip(*rounds_of, strict=True))
            share = median(1 - without / with_it for with_it, without in rounds_of)
            typer.echo(f"{question.case.name}: {on * 1e6:.0f} µs of a core for a request, {off * 1e6:.0f} without")
            typer.echo(f"{question.name} takes {share:.1%}")


def asked(question: Question, place: Place, key: str, folder: Path, seconds: int) -> tuple[float, float]:
    """What a request takes with it and without, in seconds of a core.

    Both are started anew: one and the same program differs by some percent from start to start.
    """
    case = question.case
    file = sent(folder, case, OURS)
    file.write_text("\n".join("\t".join(each) for each in case.bodies(OURS.name)), encoding="utf-8")
    script = ["post.lua", str(file), key]
    with ExitStack() as running:
        servers = [running.enter_context(served(peer, place, folder)) for peer in (question.on, question.off)]
        check(case, servers, key)
        for server in servers:
            wrk(server, script, CONNECTIONS, WARM_UP)
        turns = [[spent(server, script, seconds) for server in servers] for _ in range(TURNS)]
    on, off = (sum(each) / TURNS for each in zip(*turns, strict=True))
    return on, off


def spent(server: Server, script: list[str], seconds: int) -> float:
    """What a request takes of a core, in seconds, which others' load on the machine changes little."""
    before = cpu(server)
    rate = wrk(server, script, CONNECTIONS, seconds)
    return (cpu(server) - before) / (rate * seconds)


def cpu(server: Server) -> float:
    """The seconds that the server's process has spent, as Linux counts them."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Taken(BaseHTTPRequestHandler):
    """Takes spans and forgets them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Spans have come."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collector() -> Iterator[str]:
    """Where traces are sent to."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Taken) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    app()
