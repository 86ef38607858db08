"""Cartograph beside its peers: the same rows, the same questions, the same answers; then requests a second."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import typer
from cases import CASES, Case
from data import load

HERE = Path(__file__).parent
PEERS_FOLDER = HERE / "peers"
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS_FOLDER), "--no-access-log", "--log-level", "warning")

OURS = "Cartograph"
# A peer is one file and one line here: the command that serves $DATABASE on $PORT.
PEERS: Mapping[str, tuple[str, ...]] = {
    OURS: (sys.executable, "-m", "graphql_api", "serve"),
    "Strawberry + SQLModel + DataLoader": (*UVICORN, "strawberry_plain:plain"),
    "the same with ParserCache, ValidationCache": (*UVICORN, "strawberry_plain:cached"),
    "Mercurius + graphql-jit + better-sqlite3": ("node", str(PEERS_FOLDER / "mercurius.js")),
    "bare Starlette, SQL by hand, no GraphQL": (*UVICORN, "starlette_sql:app"),
}
CHECKED = 20  # answers of each case that are compared
PATIENCE = 30.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each peer is asked each case.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 3,
) -> None:
    """Print, for each case, the requests a second of each peer and how many times as many Cartograph answers."""
    with TemporaryDirectory() as folder, ExitStack() as running:
        database = Path(folder) / "benchmark.db"
        key = load(database)
        urls = {peer: running.enter_context(served(command, database)) for peer, command in PEERS.items()}
        for case in CASES:
            check(case, urls, key)
            (Path(folder) / case.operation).write_text("\n".join(case.bodies()), encoding="utf-8")
        figures: dict[tuple[Case, str], list[float]] = {(case, peer): [] for case in CASES for peer in urls}
        for _ in range(rounds):
            for case in CASES:
                for peer, url in urls.items():
                    figures[case, peer].append(wrk(url, Path(folder) / case.operation, key, seconds))
    for case in CASES:
        report(case, {peer: figures[case, peer] for peer in urls})


@contextmanager
def served(command: tuple[str, ...], database: Path) -> Iterator[str]:
    """The address of a server that runs as long as the block does."""
    port = free_port()
    if "uvicorn" in command:
        command = (*command, "--port", str(port))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARTOGRAPH_")}
    environment |= {
        "DATABASE": str(database),
        "PORT": str(port),
        "CARTOGRAPH_DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "CARTOGRAPH_PORT": str(port),
        "CARTOGRAPH_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen(command, cwd=database.parent, env=environment)  # noqa: S603  # our own commands
    try:
        wait(process, port)
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until the server listens. Raises RuntimeError where it ends instead, or takes too long."""
    late = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < late:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} does not serve.")


def check(case: Case, urls: Mapping[str, str], key: str) -> None:
    """Raises RuntimeError where the peers do not all answer the same."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept": "application/json"}
    for body in case.bodies()[:CHECKED]:
        answers: dict[str, Any] = {}
        for peer, url in urls.items():
            answer = httpx.post(url, content=body, headers=headers).json()
            if "errors" in answer or answer["data"] != answers.setdefault("data", answer["data"]):
                raise RuntimeError(f"{peer} answers {case.name!r} in its own way: {str(answer)[:500]}")


def wrk(url: str, bodies: Path, key: str, seconds: int) -> float:
    """Requests a second over eight connections. Raises RuntimeError where one was not answered with 200."""
    program = shutil.which("wrk") or "wrk"
    command = [program, "-t1", "-c8", f"-d{seconds}s", "-s", str(HERE / "post.lua"), url, "--", str(bodies), key]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own command
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    return float(rate[1])


def report(case: Case, figures: Mapping[str, list[float]]) -> None:
    """One table. The ratio is the median of the rounds' ratios, because a round's figures were taken side by side."""
    typer.echo(f"\n{case.name}\n")
    typer.echo("| server | requests/s, median | lowest | highest | Cartograph is |")
    typer.echo("|---|---:|---:|---:|---:|")
    for peer, rates in figures.items():
        ratio = median(ours / theirs for ours, theirs in zip(figures[OURS], rates, strict=True))
        typer.echo(f"| {peer} | {median(rates):,.0f} | {min(rates):,.0f} | {max(rates):,.0f} | {ratio:.2f} x |")


if __name__ == "__main__":
    app()
