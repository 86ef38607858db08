"""What came of a run: the figures, and the page that tells them."""

import json
import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from contests import Contest

Figures = dict[tuple[str, str], list[float]]

PACKAGES = ("cartograph", "strawberry-graphql", "graphql-core", "sqlmodel", "SQLAlchemy", "starlette", "uvicorn")
MODULES = ("mercurius", "graphql-jit", "fastify", "better-sqlite3", "pg", "postgraphile")
NODE_MODULES = Path(__file__).parent / "node_modules"
PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Outcome:
    """Requests a second by case and peer, one for each round; bytes by peer, when the last round was over."""

    contest: Contest
    rates: Figures
    memory: Mapping[str, int]

    def rate(self, case: str, peer: str) -> float:
        """The median of the rounds."""
        return median(self.rates[case, peer])

    def ratio(self, case: str, peer: str) -> float:
        """How many times as many the first peer answers: the median of the rounds' own ratios, taken side by side."""
        rounds = zip(self.rates[case, self.contest.peers[0].name], self.rates[case, peer], strict=True)
        return median(ours / theirs for ours, theirs in rounds)


def printed(outcomes: Sequence[Outcome], rounds: int, seconds: int) -> str:
    """The page, in Markdown."""
    return "\n".join(
        [
            "# Results",
            "",
            f"Taken on {datetime.now(UTC):%Y-%m-%d} by `benchmarks/run --rounds {rounds} --seconds {seconds}`.",
            "[README.md](README.md) says what is compared, and how.",
            "",
            "![Requests a second](chart.svg)",
            "",
            *(line for outcome in outcomes for line in section(outcome)),
            "## Machine and versions",
            "",
            f"{machine()}. {', '.join(versions())}.",
            "",
        ]
    )


def section(outcome: Outcome) -> Iterator[str]:
    """What came of one contest."""
    first, *others = (peer.name for peer in outcome.contest.peers)
    cases = [case.name for case in outcome.contest.cases]
    yield from (f"## {outcome.contest.title}, over {outcome.contest.connections} connections", "")
    yield from (f"How many times as many requests a second {first} answers:", "")
    yield from table(
        ["", *others], ([case, *(f"{outcome.ratio(case, peer):.2f}" for peer in others)] for case in cases)
    )
    rates = ([case, *(spread(outcome.rates[case, peer]) for peer in (first, *others))] for case in cases)
    memory = ["Memory at the end, MiB", *(f"{outcome.memory[peer] / 2**20:,.0f}" for peer in (first, *others))]
    yield from ("", "Requests a second, the median of the rounds, the lowest and the highest:", "")
    yield from (*table(["", first, *others], [*rates, memory]), "")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table in Markdown, figures to the right."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]


def spread(rates: Sequence[float]) -> str:
    """The median, and between what the rounds lay."""
    return f"{median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def machine() -> str:
    """What it ran on."""
    model = re.search(r"model name\s*:\s*(.+)", PROCESSORS.read_text(encoding="utf-8")) if PROCESSORS.exists() else None
    processor = model[1] if model else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> list[str]:
    """All that has a part in it."""
    wrk = re.search(r"\d[\d.]+\d", said("wrk", "-v"))
    return [
        f"Python {platform.python_version()} with SQLite {sqlite3.sqlite_version}",
        *(f"{package} {version(package)}" for package in PACKAGES),
        f"Node {said('node', '--version').strip().removeprefix('v')}",
        *(f"{module} {installed(module)}" for module in MODULES),
        f"wrk {wrk[0] if wrk else 'of an unknown version'}",
    ]


def said(*command: str) -> str:
    """What a program says of itself. The exit code is not looked at: wrk has only one that means failure."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603  # our own commands


def installed(module: str) -> str:
    """The version of a Node module."""
    found: str = json.loads((NODE_MODULES / module / "package.json").read_text(encoding="utf-8"))["version"]
    return found
