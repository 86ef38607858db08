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
from typing import Annotated, NamedTuple

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


class Spent(NamedTuple):
    """What a request takes of a core, in seconds, and how many were answered a second."""

    seconds: float
    rate: float


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is started and asked.")] = 9,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="What is asked for alone.")] = None,
) -> None:
    """Print what a request takes with each thing on and with it off, and the share that is its own."""
    with TemporaryDirectory() as temporary, sqlite(Path(temporary)) as store, collector() as endpoint:
        traced = Peer("Traced", GREY, ("env", f"{COLLECTOR}={endpoint}", *OURS.command))
        for question in (
            Question("Protection", READS[0], OURS, OFF),
            Question("A trace of each", READS[1], traced, OURS),
        ):
            if only and question.name not in only:
                continue
            found = [asked(question, store.place, store.key, Path(temporary), seconds) for _ in range(rounds)]
            on, off = (median(each.seconds for each in ours) for ours in zip(*found, strict=True))
            share = median(1 - without.seconds / with_it.seconds for with_it, without in found)
            fewer = median(1 - with_it.rate / without.rate for with_it, without in found)
            typer.echo(f"{question.case.name}: {on * 1e6:.0f} µs of a core for a request, {off * 1e6:.0f} without")
            typer.echo(f"{question.name} takes {share:.1%}; there are {fewer:.1%} fewer requests a second")


def asked(question: Question, place: Place, key: str, folder: Path, seconds: int) -> tuple[Spent, Spent]:
    """What requests take with it and without.

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
    on, off = (Spent(*(sum(each) / TURNS for each in zip(*of_one, strict=True))) for of_one in zip(*turns, strict=True))
    return on, off


def spent(server: Server, script: list[str], seconds: int) -> Spent:
    """What requests take for so many seconds. Others' load on the machine changes the time of a core little."""
    before = cpu(server)
    rate = wrk(server, script, CONNECTIONS, seconds)
    return Spent((cpu(server) - before) / (rate * seconds), rate)


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
