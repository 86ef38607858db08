"""Cartograph beside its peers: the same rows, the same questions, the same answers; then requests a second."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from cases import CASES, Case
from chart import drawn
from data import load
from results import Figures, Results, printed
from servers import PEERS, Broken, Server, served

HERE = Path(__file__).parent
CHECKED = 20  # answers of each case that are compared
WARM_UP = 1  # seconds
TIMEOUT = "30s"  # the slowest need more for an answer than the two seconds that wrk would wait

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each server is asked each case.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 3,
    folder: Annotated[Path, typer.Option(help="Where results.md and chart.svg are written.")] = HERE,
) -> None:
    """Compare Cartograph with its peers, and write down what came of it."""
    with TemporaryDirectory() as temporary, ExitStack() as running:
        place = Path(temporary)
        typer.echo("Loading", err=True)
        key = load(place / "benchmark.db")
        servers = [running.enter_context(served(peer, place / "benchmark.db")) for peer in PEERS]
        for case in CASES:
            typer.echo(f"Checking: {case.name}", err=True)
            check(case, servers, key)
            bodies(place, case).write_text("\n".join(case.bodies()), encoding="utf-8")
        figures: Figures = {(case.name, peer.name): [] for case in CASES for peer in PEERS}
        for number in range(rounds + 1):
            typer.echo(f"Round {number} of {rounds}" if number else "Warming up", err=True)
            for case in CASES:
                for server in servers:
                    rate = wrk(server, bodies(place, case), key, seconds if number else WARM_UP)
                    if number:
                        figures[case.name, server.peer.name].append(rate)
        results = Results(figures, {server.peer.name: server.resident() for server in servers})
    text = printed(results, rounds, seconds)
    typer.echo(text)
    (folder / "results.md").write_text(text, encoding="utf-8")
    (folder / "chart.svg").write_text(drawn(results), encoding="utf-8")


def bodies(folder: Path, case: Case) -> Path:
    """The file of a case's requests, one a line."""
    return folder / f"{case.operation}.jsonl"


def check(case: Case, servers: Sequence[Server], key: str) -> None:
    """Raises Broken where a server answers with an error, or not as Cartograph does."""
    for body in case.bodies()[:CHECKED]:
        answers = [(server.peer.name, server.answer(body, key)) for server in servers]
        for name, answer in answers:
            if "errors" in answer or answer != answers[0][1]:
                raise Broken(f"{name} answers {case.name!r} in its own way: {str(answer)[:2_000]}")


def wrk(server: Server, requests: Path, key: str, seconds: int) -> float:
    """Requests a second over eight connections. Raises Broken where one was not answered with 200."""
    program = shutil.which("wrk") or "wrk"
    script = ["-s", str(HERE / "post.lua"), server.url, "--", str(requests), key]
    done = subprocess.run(  # noqa: S603  # our own command
        [program, "-t1", "-c8", f"-d{seconds}s", "--timeout", TIMEOUT, *script],
        check=True,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise Broken(f"{server.peer.name}, {requests.stem}: {done.stdout}{done.stderr}")
    return float(rate[1])


if __name__ == "__main__":
    app()
