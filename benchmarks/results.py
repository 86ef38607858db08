"""What came of a run: the figures, and the page that tells them."""

import json
import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from cases import CASES
from servers import OURS, PEERS

Figures = dict[tuple[str, str], list[float]]

PACKAGES = ("cartograph", "strawberry-graphql", "graphql-core", "sqlmodel", "SQLAlchemy", "starlette", "uvicorn")
MODULES = ("mercurius", "graphql-jit", "fastify", "better-sqlite3")
NODE_MODULES = Path(__file__).parent / "node_modules"
PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Results:
    """Requests a second by case and peer, one for each round; bytes by peer, when the last round was over."""

    rates: Figures
    memory: Mapping[str, int]

    def rate(self, case: str, peer: str) -> float:
        """The median of the rounds."""
        return median(self.rates[case, peer])

    def ratio(self, case: str, peer: str) -> float:
        """How many times as many Cartograph answers: the median of the rounds' own ratios, taken side by side."""
        rounds = zip(self.rates[case, OURS.name], self.rates[case, peer], strict=True)
        return median(ours / theirs for ours, theirs in rounds)


def printed(results: Results, rounds: int, seconds: int) -> str:
    """The page, in Markdown."""
    peers = [peer.name for peer in PEERS]
    others = [peer for peer in peers if peer != OURS.name]
    ratios = ([case.name, *(f"{results.ratio(case.name, peer):.2f}" for peer in others)] for case in CASES)
    rates = ([case.name, *(spread(results.rates[case.name, peer]) for peer in peers)] for case in CASES)
    memory = ["Memory at the end, MiB", *(f"{results.memory[peer] / 2**20:,.0f}" for peer in peers)]
    return "\n".join(
        [
            "# Results",
            "",
            f"Taken on {datetime.now(UTC):%Y-%m-%d} by `benchmarks/run --rounds {rounds} --seconds {seconds}`.",
            "[README.md](README.md) says what is compared, and how.",
            "",
            "![Requests a second](chart.svg)",
            "",
            "## How many times as many requests a second Cartograph answers",
            "",
            *table(["", *others], ratios),
            "",
            "## Requests a second: the median of the rounds, the lowest and the highest",
            "",
            *table(["", *peers], [*rates, memory]),
            "",
            "## Machine and versions",
            "",
            f"{machine()}. {', '.join(versions())}.",
            "",
        ]
    )


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
