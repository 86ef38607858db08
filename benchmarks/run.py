"""Compare Cartograph with other servers: check that their answers are equal, then measure requests per second."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from cases import Case
from chart import to_svg
from comparisons import COMPARISONS, Comparison
from databases import Address, Store
from results import Figures, Outcome, to_markdown
from servers import BenchmarkError, Implementation, Server, run_server

HERE = Path(__file__).parent
WARM_UP = 1  # seconds
TIMEOUT = "30s"  # wrk waits two seconds by default, which is too short for the slowest servers

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; each measures every case on every server once.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="Duration of one run of wrk.")] = 3,
    folder: Annotated[Path, typer.Option(help="Folder for results.md and chart.svg.")] = HERE,
    only: Annotated[list[str] | None, typer.Option(help="A comparison to run alone; no files are written.")] = None,
) -> None:
    """Compare Cartograph with other servers, and write results.md and chart.svg."""
    names = [comparison.name for comparison in COMPARISONS]
    if unknown := set(only or ()) - set(names):
        raise typer.BadParameter(f"{', '.join(unknown)} is not one of {', '.join(names)}.", param_hint="--only")
    comparisons = [comparison for comparison in COMPARISONS if comparison.name in (only or names)]
    outcomes: list[Outcome] = []
    for open_store, on_it in groupby(comparisons, attrgetter("open_store")):
        with TemporaryDirectory() as temporary:
            typer.echo("Loading the database", err=True)
            with open_store(Path(temporary)) as store:
                outcomes.extend(
                    run_comparison(comparison, store, Path(temporary), rounds, seconds) for comparison in on_it
                )
    text = to_markdown(outcomes, rounds, seconds)
    typer.echo(text)
    if only is None:
        (folder / "results.md").write_text(text, encoding="utf-8")
        (folder / "chart.svg").write_text(to_svg(outcomes), encoding="utf-8")


def run_comparison(comparison: Comparison, store: Store, folder: Path, rounds: int, seconds: int) -> Outcome:
    """Run the cases of a comparison. Raises BenchmarkError if the answers of its servers differ."""
    addresses = [
        store.copy(implementation.name) if comparison.writes else store.address
        for implementation in comparison.implementations
    ]
    figures: Figures = {
        (case.name, implementation.name): []
        for case in comparison.cases
        for implementation in comparison.implementations
    }
    with ExitStack() as running:
        servers = [
            running.enter_context(run_server(implementation, address, folder))
            for implementation, address in zip(comparison.implementations, addresses, strict=True)
        ]
        for case in comparison.cases:
            prepare(case, servers, store.key, folder)
        for number in range(rounds + 1):
            typer.echo(f"{comparison.title}, round {number} of {rounds}" if number else "Warming up", err=True)
            for case, server in product(comparison.cases, servers):
                script = ["post.lua", str(requests_file(folder, case, server.implementation)), store.key]
                if case.writes:
                    script = ["write.lua", *script[1:], f"{case.name}, round {number}: "]
                rate = run_wrk(server, script, comparison.connections, seconds if number else WARM_UP)
                if number:
                    figures[case.name, server.implementation.name].append(rate)
        memory = {server.implementation.name: server.resident() for server in servers}
    if comparison.writes:
        for address in addresses:
            check_histories(address)
    return Outcome(comparison, figures, memory)


def prepare(case: Case, servers: Sequence[Server], key: str, folder: Path) -> None:
    """Check the answers, and write the requests to a file for each server. Raises BenchmarkError."""
    typer.echo(f"Checking: {case.name}", err=True)
    check_answers(case, servers, key)
    for server in servers:
        lines = ("\t".join(bodies) for bodies in case.bodies(server.implementation.name))
        requests_file(folder, case, server.implementation).write_text("\n".join(lines), encoding="utf-8")


def requests_file(folder: Path, case: Case, implementation: Implementation) -> Path:
    """Return the path of the requests of a case. The requests in one line are sent one after the other."""
    return folder / f"{implementation.name}, {case.name}.jsonl"


def check_answers(case: Case, servers: Sequence[Server], key: str) -> None:
    """Raise BenchmarkError if an answer has errors or differs from the first server's."""
    for bodies in zip(*(case.bodies_to_compare(server.implementation.name) for server in servers), strict=True):
        answers = [
            (server.implementation.name, server.answer(body, key)) for server, body in zip(servers, bodies, strict=True)
        ]
        for name, answer in answers:
            if "errors" in answer or answer["data"] != answers[0][1]["data"]:
                raise BenchmarkError(f"{name} answers {case.name!r} differently: {str(answer)[:2_000]}")


def check_histories(address: Address) -> None:
    """Run ``cartograph check``, which compares each session with its history. Raises BenchmarkError if it fails."""
    command = [sys.executable, "-m", "graphql_api", "check"]
    environment = {**os.environ, "CARTOGRAPH_DATABASE_URL": address.url}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603  # our own
    if done.returncode:
        raise BenchmarkError(f"cartograph check fails on {address.name}: {done.stdout[:2_000]}{done.stderr[:2_000]}")


def run_wrk(server: Server, script: Sequence[str], connections: int, seconds: int) -> float:
    """Return the requests per second. Raises BenchmarkError if a status is not 200 or a change is refused."""
    program = shutil.which("wrk") or "wrk"
    name, *arguments = script
    done = subprocess.run(  # noqa: S603  # our own command
        [
            *(program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", TIMEOUT),
            *("-s", str(HERE / name), server.url, "--", *arguments),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    bad = ("Non-2xx", "Socket errors")
    refused = re.search(r"Refused: (\d+)", done.stdout)
    if rate is None or any(each in done.stdout for each in bad) or (refused and refused[1] != "0"):
        raise BenchmarkError(f"{server.implementation.name}, {arguments[0]}: {done.stdout}{done.stderr}")
    return float(rate[1])


if __name__ == "__main__":
    app()
