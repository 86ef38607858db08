"""All comparisons: which servers run which cases on which database."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases import READS, Case
from databases import OpenStore, postgresql, sqlite
from servers import (
    CARTOGRAPH,
    GRAPHILE,
    HANDWRITTEN_SQL,
    MERCURIUS,
    MERCURIUS_PG,
    ONE_PROCESS,
    STRAWBERRY,
    STRAWBERRY_CACHED,
    TWO_PROCESSES,
    Implementation,
)
from writes import WRITES


@dataclass(frozen=True)
class Comparison:
    """Servers that run the same cases on the same rows. The others are compared with the first."""

    name: str
    title: str
    open_store: OpenStore
    implementations: Sequence[Implementation]
    cases: Sequence[Case]
    connections: int

    @property
    def writes(self) -> bool:
        """Whether a case changes rows, so that each server needs its own database."""
        return any(case.writes for case in self.cases)


COMPARISONS = (
    Comparison(
        name="reads",
        title="Reads on SQLite",
        open_store=sqlite,
        implementations=(CARTOGRAPH, STRAWBERRY_CACHED, STRAWBERRY, MERCURIUS, HANDWRITTEN_SQL),
        cases=READS,
        connections=8,
    ),
    Comparison(
        name="workers",
        title="Reads by one process and by two",
        open_store=sqlite,
        implementations=(TWO_PROCESSES, ONE_PROCESS),
        cases=READS[:2],
        connections=32,
    ),
    Comparison(
        name="writes",
        title="Writes on SQLite",
        open_store=sqlite,
        implementations=(CARTOGRAPH, MERCURIUS),
        cases=WRITES,
        connections=32,
    ),
    Comparison(
        name="postgresql-reads",
        title="Reads on PostgreSQL",
        open_store=postgresql,
        implementations=(CARTOGRAPH, GRAPHILE, MERCURIUS_PG),
        cases=READS[:2],
        connections=32,
    ),
    Comparison(
        name="postgresql-writes",
        title="Writes on PostgreSQL",
        open_store=postgresql,
        implementations=(CARTOGRAPH, MERCURIUS_PG),
        cases=WRITES,
        connections=32,
    ),
)
