"""Who is asked what: the one table of all that is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases import READS, Case
from databases import Stored, postgresql, sqlite
from servers import (
    BY_HAND,
    GRAPHILE,
    MERCURIUS,
    MERCURIUS_PG,
    ONE_OF_OURS,
    OURS,
    STRAWBERRY,
    STRAWBERRY_CACHED,
    TWO_OF_OURS,
    Peer,
)
from writes import WRITES


@dataclass(frozen=True)
class Contest:
    """Servers that take turns at the same cases on the same rows. The first is what the others are compared with."""

    name: str
    title: str
    stored: Stored
    peers: Sequence[Peer]
    cases: Sequence[Case]
    connections: int

    @property
    def writes(self) -> bool:
        """Whether each server needs rows of its own."""
        return any(case.writes for case in self.cases)


CONTESTS = (
    Contest(
        name="reads",
        title="Reads on SQLite",
        stored=sqlite,
        peers=(OURS, STRAWBERRY_CACHED, STRAWBERRY, MERCURIUS, BY_HAND),
        cases=READS,
        connections=8,
    ),
    Contest(
        name="workers",
        title="Reads by one process and by two",
        stored=sqlite,
        peers=(TWO_OF_OURS, ONE_OF_OURS),
        cases=READS[:2],
        connections=32,
    ),
    Contest(
        name="writes",
        title="Writes on SQLite",
        stored=sqlite,
        peers=(OURS, MERCURIUS),
        cases=WRITES,
        connections=32,
    ),
    Contest(
        name="postgresql-reads",
        title="Reads on PostgreSQL",
        stored=postgresql,
        peers=(OURS, GRAPHILE, MERCURIUS_PG),
        cases=READS[:2],
        connections=32,
    ),
    Contest(
        name="postgresql-writes",
        title="Writes on PostgreSQL",
        stored=postgresql,
        peers=(OURS, MERCURIUS_PG),
        cases=WRITES,
        connections=32,
    ),
)
