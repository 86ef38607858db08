"""Cartograph beside its peers: the same rows, the same questions, the same answers; then requests a second."""

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
from chart import drawn
from contests import CONTESTS, Contest
from databases import Place, Store
from results import Figures, Outcome, printed
from servers import Broken, Peer, Server, served

HERE = Path(__file__).parent
WARM_UP = 1  # seconds
TIMEOUT = "30s"  # the slowest need more for an answer than the two seconds that wrk would wait

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each server is asked each case.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="How long each time.")] = 3,
    folder: Annotated[Path, typer.Option(help="Where results.md and chart.svg are written.")] = HERE,
    only: Annotated[list[str] | None, typer.Option(help="A part, which is printed alone.")] = None,
) -> None:
    """Compare Cartograph with its peers, and write down what came of it."""
    names = [contest.name for contest in CONTESTS]
    if unknown := set(only or ()) - set(names):
        raise typer.BadParameter(f"{', '.join(unknown)} is none of {', '.join(names)}.", param_hint="--only")
    contests = [contest for contest in CONTESTS if contest.name in (only or names)]
    outcomes: list[Outcome] = []
    for stored, on_it in groupby(contests, attrgetter("stored")):
        with TemporaryDirectory() as temporary:
            typer.echo("Loading", err=True)
            with stored(Path(temporary)) as store:
                outcomes.extend(held(contest, store, Path(temporary), rounds, seconds) for contest in on_it)
    text = printed(outcomes, rounds, seconds)
    typer.echo(text)
    if only is None:
        (folder / "results.md").write_text(text, encoding="utf-8")
        (folder / "chart.svg").write_text(drawn(outcomes), encoding="utf-8")


def held(contest: Contest, store: Store, folder: Path, rounds: int, seconds: int) -> Outcome:
    """What comes of one contest. Raises Broken where its servers do not do the same."""
    places = [store.copied(peer.name) if contest.writes else store.place for peer in contest.peers]
    figures: Figures = {(case.name, peer.name): [] for case in contest.cases for peer in contest.peers}
    with ExitStack() as running:
        servers = [
            running.enter_context(served(peer, place, folder))
            for peer, place in zip(contest.peers, places, strict=True)
        ]
        for case in contest.cases:
            prepare(case, servers, store.key, folder)
        for number in range(rounds + 1):
            typer.echo(f"{contest.title}, round {number} of {rounds}" if number else "Warming up", err=True)
            for case, server in product(contest.cases, servers):
                script = ["post.lua", str(sent(folder, case, server.peer)), store.key]
                if case.writes:
                    script = ["write.lua", *script[1:], f"{case.name}, round {number}: "]
                rate = wrk(server, script, contest.connections, seconds if number else WARM_UP)
                if number:
                    figures[case.name, server.peer.name].append(rate)
        memory = {server.peer.name: server.resident() for server in servers}
    if contest.writes:
        for place in places:
            audit(place)
    return Outcome(contest, figures, memory)


def prepare(case: Case, servers: Sequence[Server], key: str, folder: Path) -> None:
    """See that all answer alike, and write down what will be sent to each. Raises Broken."""
    typer.echo(f"Checking: {case.name}", err=True)
    check(case, servers, key)
    for server in servers:
        lines = ("\t".join(bodies) for bodies in case.bodies(server.peer.name))
        sent(folder, case, server.peer).write_text("\n".join(lines), encoding="utf-8")


def sent(folder: Path, case: Case, peer: Peer) -> Path:
    """The file of a case's requests to a peer; those of one line are sent one after another."""
    return folder / f"{peer.name}, {case.name}.jsonl"


def check(case: Case, servers: Sequence[Server], key: str) -> None:
    """Raises Broken where a server answers with an error, or not as Cartograph does."""
    for bodies in zip(*(case.compared(server.peer.name) for server in servers), strict=True):
        answers = [(server.peer.name, server.answer(body, key)) for server, body in zip(servers, bodies, strict=True)]
        for name, answer in answers:
            if "errors" in answer or answer["data"] != answers[0][1]["data"]:
                raise Broken(f"{name} answers {case.name!r} in its own way: {str(answer)[:2_000]}")


def audit(place: Place) -> None:
    """Hold each session that was written against its history. Raises Broken where they do not agree."""
    command = [sys.executable, "-m", "graphql_api", "check"]
    environment = {**os.environ, "CARTOGRAPH_DATABASE_URL": place.url}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)  # noqa: S603  # our own
    if done.returncode:
        raise Broken(f"What was written to {place.name} is not sound: {done.stdout[:2_000]}{done.stderr[:2_000]}")


def wrk(server: Server, script: Sequence[str], connections: int, seconds: int) -> float:
    """Requests a second. Raises Broken where one was not answered with 200, or a change was refused."""
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
        raise Broken(f"{server.peer.name}, {arguments[0]}: {done.stdout}{done.stderr}")
    return float(rate[1])


if __name__ == "__main__":
    app()
