"""Plans of executed statements, which PostgreSQL's auto_explain writes to the log."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stores import Server

from db.migrations.partitions import PARTITIONED

# Of each statement that runs, and of those that these run: the checks of foreign keys.
AUTO_EXPLAIN = {
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
class ExecutedStatement:
    """An executed statement, the partitioned tables that it used, and the numbers of their partitions.

    ``indexes`` are those with an index condition, ``scanned`` the tables with a sequential scan,
    ``steps`` the kinds of all steps, and ``rows`` the highest number of rows that a step read.
    """

    text: str
    tables: frozenset[str]
    partitions: frozenset[str]
    indexes: frozenset[str]
    scanned: frozenset[str]
    steps: frozenset[str]
    rows: float


class PlanLog:
    """Reads the plans that a server has logged since the last read."""

    def __init__(self, server: Server) -> None:
        self._log = server.directory / "log"
        self._read = 0

    def ran(self) -> Sequence[ExecutedStatement]:
        """Return all statements, in order. Those of a transaction are logged when it ends."""
        with self._log.open(encoding="utf-8") as log:
            log.seek(self._read)
            text = log.read()
            self._read = log.tell()
        return [ran(json.loads(found[1], strict=False)) for found in PLAN.finditer(text)]


def ran(plan: Mapping[str, Any]) -> ExecutedStatement:
    """Summarise a plan without steps that were not executed. An INSERT names the whole table."""
    steps = [*nodes(plan["Plan"])]
    relations = {str(step["Relation Name"]) for step in steps if "Relation Name" in step}
    found = [match for name in relations if (match := PARTITION.fullmatch(name))]
    tables = {match[1] for match in found} | relations.intersection(PARTITIONED)
    return ExecutedStatement(
        plan["Query Text"],
        frozenset(tables),
        frozenset(match[2] for match in found),
        frozenset(str(step["Index Name"]) for step in steps if "Index Cond" in step),
        frozenset(str(step["Relation Name"]) for step in steps if step["Node Type"] == "Seq Scan"),
        frozenset(str(step["Node Type"]) for step in steps),
        max(step["Actual Loops"] * (step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) for step in steps),
    )


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the executed steps of a plan."""
    if plan["Actual Loops"]:
        yield plan
        for inner in plan.get("Plans", ()):
            yield from nodes(inner)
