"""The results of a run, and results.md."""

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

from comparisons import Comparison

Figures = dict[tuple[str, str], list[float]]

PACKAGES = (
    "cartograph-graphql",
    "strawberry-graphql",
    "graphql-core",
    "sqlmodel",
    "SQLAlchemy",
    "starlette",
    "uvicorn",
)
MODULES = ("mercurius", "graphql-jit", "fastify", "better-sqlite3", "pg", "postgraphile")
NODE_MODULES = Path(__file__).parent / "node_modules"
PROCESSORS = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Outcome:
    """Requests per second of each round by case and implementation, and resident bytes after the last round."""

    comparison: Comparison
    rates: Figures
    memory: Mapping[str, int]

    def rate(self, case: str, implementation: str) -> float:
        """Return the median of the rounds."""
        return median(self.rates[case, implementation])

    def ratio(self, case: str, implementation: str) -> float:
        """Return the rate of the first implementation divided by this one's: the median of the ratios of each round."""
        rounds = zip(
            self.rates[case, self.comparison.implementations[0].name], self.rates[case, implementation], strict=True
        )
        return median(first / other for first, other in rounds)


def to_markdown(outcomes: Sequence[Outcome], rounds: int, seconds: int) -> str:
    """Return results.md."""
    return "\n".join(
        [
            "# Results",
            "",
            f"Measured on {datetime.now(UTC):%Y-%m-%d} by `benchmarks/run --rounds {rounds} --seconds {seconds}`.",
            "[README.md](README.md) describes the cases, the servers and the method.",
            "",
            "![Requests per second](chart.svg)",
            "",
            *(line for outcome in outcomes for line in section(outcome)),
            "## Machine and versions",
            "",
            f"{machine()}. {', '.join(versions())}.",
            "",
        ]
    )


def section(outcome: Outcome) -> Iterator[str]:
    """Yield the lines of a comparison."""
    first, *others = (implementation.name for implementation in outcome.comparison.implementations)
    cases = [case.name for case in outcome.comparison.cases]
    yield from (f"## {outcome.comparison.title}, over {outcome.comparison.connections} connections", "")
    yield from (f"Requests per second of {first}, divided by those of:", "")
    yield from table(
        ["", *others],
        ([case, *(f"{outcome.ratio(case, implementation):.2f}" for implementation in others)] for case in cases),
    )
    rates = (
        [case, *(spread(outcome.rates[case, implementation]) for implementation in (first, *others))] for case in cases
    )
    memory = [
        "Memory after the last round, MiB",
        *(f"{outcome.memory[implementation] / 2**20:,.0f}" for implementation in (first, *others)),
    ]
    yield from ("", "Requests per second: the median of the rounds (lowest to highest):", "")
    yield from (*table(["", first, *others], [*rates, memory]), "")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table with figures aligned right."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows)]


def spread(rates: Sequence[float]) -> str:
    """Format the median and the range of the rounds."""
    return f"{median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def machine() -> str:
    """Return the processor, its cores and the system."""
    model = re.search(r"model name\s*:\s*(.+)", PROCESSORS.read_text(encoding="utf-8")) if PROCESSORS.exists() else None
    processor = model[1] if model else platform.processor() or platform.machine()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> list[str]:
    """Return the versions of all programs and packages involved."""
    wrk = re.search(r"\d[\d.]+\d", output_of("wrk", "-v"))
    return [
        f"Python {platform.python_version()} with SQLite {sqlite3.sqlite_version}",
        *(f"{package} {version(package)}" for package in PACKAGES),
        f"Node {output_of('node', '--version').strip().removeprefix('v')}",
        *(f"{module} {node_module_version(module)}" for module in MODULES),
        f"wrk {wrk[0] if wrk else 'of an unknown version'}",
    ]


def output_of(*command: str) -> str:
    """Return the output of a command. The exit code is ignored: ``wrk -v`` always exits with 1."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout  # noqa: S603  # our own commands


def node_module_version(module: str) -> str:
    """Return the installed version of a Node module."""
    installed: str = json.loads((NODE_MODULES / module / "package.json").read_text(encoding="utf-8"))["version"]
    return installed
