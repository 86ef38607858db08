"""What PostgreSQL itself says it did for each statement: the plans that its auto_explain writes into the log."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stores import Server

from db.migrations.partitions import PARTITIONED

# Of each statement that runs, and of those that these run: the checks of foreign keys.
EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
}
PLAN = re.compile(r"  plan:\n((?:\t.*\n)+)")
PARTITION = re.compile(rf"({'|'.join(PARTITIONED)})_(\d+)")


@dataclass(frozen=True)
class Ran:
    """A statement that has run, the divided tables that it went into, and the numbers of their partitions.

    ``indexes`` are those that were read by a condition on what they hold, ``scanned`` the tables that were read whole,
    ``steps`` the kinds of all its steps, and ``rows`` how many went through the one that saw the most.
    """

    text: str
    tables: frozenset[str]
    partitions: frozenset[str]
    indexes: frozenset[str]
    scanned: frozenset[str]
    steps: frozenset[str]
    rows: float


class Explained:
    """What a server has been asked since this was asked before."""

    def __init__(self, server: Server) -> None:
        self._log = server.directory / "log"
        self._read = 0

    def ran(self) -> Sequence[Ran]:
        """Every statement, in order. What a transaction runs is there when it has ended."""
        with self._log.open(encoding="utf-8") as log:
            log.seek(self._read)
            text = log.read()
            self._read = log.tell()
        return [ran(json.loads(found[1], strict=False)) for found in PLAN.finditer(text)]


def ran(plan: Mapping[str, Any]) -> Ran:
    """A plan, without the parts of it that never ran. An INSERT names the whole table that it writes to."""
    steps = [*nodes(plan["Plan"])]
    relations = {str(step["Relation Name"]) for step in steps if "Relation Name" in step}
    found = [match for name in relations if (match := PARTITION.fullmatch(name))]
    tables = {match[1] for match in found} | relations.intersection(PARTITIONED)
    return Ran(
        plan["Query Text"],
        frozenset(tables),
        frozenset(match[2] for match in found),
        frozenset(str(step["Index Name"]) for step in steps if "Index Cond" in step),
        frozenset(str(step["Relation Name"]) for step in steps if step["Node Type"] == "Seq Scan"),
        frozenset(str(step["Node Type"]) for step in steps),
        max(step["Actual Loops"] * (step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) for step in steps),
    )


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps of a plan that ran."""
    if plan["Actual Loops"]:
        yield plan
        for inner in plan.get("Plans", ()):
            yield from nodes(inner)
