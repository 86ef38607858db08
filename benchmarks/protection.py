"""What protection costs: Cartograph as it is served, and with its protection taken off, in turn on one session."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from cases import READS
from databases import sqlite
from run import WARM_UP, check, sent, wrk
from servers import OURS, Peer, Server, served

HERE = Path(__file__).parent
CONNECTIONS = 8
OFF = Peer("Unprotected", "#8c959f", (sys.executable, str(HERE / "unprotected.py")))

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each is asked.")] = 9,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 2,
) -> None:
    """Print what a request takes with protection and without, and the share that is protection's."""
    case = READS[0]
    with TemporaryDirectory() as temporary, sqlite(Path(temporary)) as store, ExitStack() as running:
        folder = Path(temporary)
        servers = [running.enter_context(served(peer, store.place, folder)) for peer in (OURS, OFF)]
        check(case, servers, store.key)
        sent(folder, case, OURS).write_text(
            "\n".join("\t".join(each) for each in case.bodies(OURS.name)), encoding="utf-8"
        )
        script = ["post.lua", str(sent(folder, case, OURS)), store.key]
        for server in servers:
            wrk(server, script, CONNECTIONS, WARM_UP)
        rounds_of = [[spent(server, script, seconds) for server in servers] for _ in range(rounds)]
    on, off = (median(each) for each in zip(*rounds_of, strict=True))
    typer.echo(f"{case.name}: {on * 1e6:.0f} µs of a core for a request with protection, {off * 1e6:.0f} without")
    typer.echo(f"Protection takes {median(1 - off / on for on, off in rounds_of):.1%}")


def spent(server: Server, script: list[str], seconds: int) -> float:
    """What a request takes of a core, in seconds, which others' load on the machine changes little."""
    before = cpu(server)
    rate = wrk(server, script, CONNECTIONS, seconds)
    return (cpu(server) - before) / (rate * seconds)


def cpu(server: Server) -> float:
    """The seconds that the server's process has spent, as Linux counts them."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    app()
